import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UsageError } from "../../errors.ts";

/** The first version with everything that the fleet needs. */
const [leastMajor, leastMinor] = [12, 38];

/**
 * Loads pg-boss, which only a fleet needs: it is an optional peer, so that projects without a fleet do not
 * install it.
 * @throws UsageError that says what to install
 */
export async function loadPgBoss(): Promise<typeof import("pg-boss")> {
  const version = installedVersion();
  const [major = 0, minor = 0] = (version ?? "0").split(".").map(Number);
  if (version === null || major !== leastMajor || minor < leastMinor)
    throw new UsageError(
      version === null
        ? "A fleet needs the package pg-boss, which is not installed."
        : `A fleet needs pg-boss ${leastMajor}.${leastMinor} or a later 12, and ${version} is installed.`,
      { remedy: `npm install pg-boss@${leastMajor}   (it declares Node 22.12 or later)` },
    );
  return import("pg-boss");
}

function installedVersion(): string | null {
  try {
    const main = createRequire(import.meta.url).resolve("pg-boss");
    for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = join(folder, "package.json");
      if (!existsSync(manifest)) continue;
      const { name, version } = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
      if (name === "pg-boss" && typeof version === "string") return version;
    }
    return null;
  } catch {
    return null;
  }
}
