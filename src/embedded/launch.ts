import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { TidefillError } from "../errors.ts";
import { type Account, barrierTo, serverAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import type { DataDirectory } from "./data-directory.ts";
import { Guard } from "./guard.ts";
import { lastLines } from "./last-lines.ts";
import { freePort } from "./local-url.ts";
import { livePostmaster } from "./postmaster.ts";
import { Server } from "./server.ts";

interface LaunchOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly binaries?: string;
  readonly temporary: boolean;
}

export interface Launched {
  readonly server: Server;
  readonly guard: Guard;
}

/**
 * A server of our own in the directory, answering; undefined when another process has just started one there.
 */
export async function launch(files: DataDirectory, options: LaunchOptions): Promise<Launched | undefined> {
  const guard = new Guard(files.log);
  try {
    if (options.temporary) guard.removeAtEnd(files.root);
    const server = await startServer(guard, files, options);
    if (server === undefined) await guard.release();
    else guard.unref();
    return server && { server, guard };
  } catch (error) {
    if (!(await guard.release())) await guard.removeInItsPlace();
    throw error;
  }
}

async function startServer(
  guard: Guard,
  files: DataDirectory,
  options: LaunchOptions,
): Promise<Server | undefined> {
  const account = await serverAccount(files.data);
  await requireReachable(files.root, account);
  const scratch = join(files.root, `programs.${randomBytes(6).toString("hex")}`);
  guard.removeAtEnd(scratch);
  const binaries = await findBinaries(options.binaries, account, scratch);
  const password = await files.initialise(guard, binaries, account);
  const parts = { guard, files, postgres: binaries.postgres, account, settings: options.settings ?? {} };
  for (let tries = 1; ; tries++) {
    const server = new Server(parts, await freePort(), password);
    const ended = await server.start();
    if (ended === undefined) return server;
    if ((await livePostmaster(files.data)) !== undefined) return undefined;
    // Another process may have taken the port since it was found free.
    const portTaken = (await lastLines(files.log)).includes("could not bind");
    if (!portTaken || tries === 5) throw await server.failure(ended);
  }
}

async function requireReachable(root: string, account: Account | undefined): Promise<void> {
  const barrier = await barrierTo(root, account);
  if (barrier === undefined) return;
  throw new TidefillError(
    "embedded-unreachable",
    `PostgreSQL does not run as root, and the user it runs as instead may not enter ${barrier}.`,
    {
      remedy: `Type "chmod o+x ${barrier}", name a directory elsewhere, or run tidefill as an ordinary user.`,
    },
  );
}
