import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { TidefillError } from "../errors.ts";

/** The user that the server runs as, when that is not the user we run as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/**
 * PostgreSQL refuses to run as root, so root runs it as the owner of the data, else as `postgres`, else as
 * `nobody`. Undefined for an ordinary user.
 */
export async function serverAccount(dataDirectory?: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = dataDirectory === undefined ? undefined : await ownerOf(dataDirectory);
  const account = owner ?? (await named("postgres")) ?? (await named("nobody"));
  if (account !== undefined) return account;
  throw new TidefillError(
    "embedded-account",
    "PostgreSQL does not run as root, and there is no other user.",
    {
      remedy: "Create a user named postgres, or run tidefill as an ordinary user.",
    },
  );
}

async function ownerOf(path: string): Promise<Account | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function named(name: string): Promise<Account | undefined> {
  const numbers = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]).catch(
    () => undefined,
  );
  if (numbers === undefined) return undefined;
  return { uid: Number(numbers[0].stdout), gid: Number(numbers[1].stdout) };
}

/**
 * The topmost directory on the way to `path`, itself included, that the account may not enter; else
 * undefined.
 */
export async function barrierTo(path: string, account: Account | undefined): Promise<string | undefined> {
  if (account === undefined) return undefined;
  const way = [resolve(path)];
  for (let at = resolve(path); dirname(at) !== at; at = dirname(at)) way.unshift(dirname(at));
  for (const directory of way) {
    if (!(await mayEnter(directory, account))) return directory;
  }
  return undefined;
}

async function mayEnter(directory: string, { uid, gid }: Account): Promise<boolean> {
  const found = await stat(directory);
  if (found.uid === uid) return (found.mode & 0o100) !== 0;
  if (found.gid === gid) return (found.mode & 0o010) !== 0;
  return (found.mode & 0o001) !== 0;
}
