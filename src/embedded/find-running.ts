import { setTimeout as delay } from "node:timers/promises";
import type { DataDirectory } from "./data-directory.ts";
import { knock, localUrl } from "./local-url.ts";
import { livePostmaster } from "./postmaster.ts";

const patience = 30_000;

/** The server that another process runs in a directory, once it answers; undefined when there is none. */
export async function findRunning(
  files: DataDirectory,
): Promise<{ port: number; password: string } | undefined> {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(50)) {
    const postmaster = await livePostmaster(files.data);
    const password = postmaster === undefined ? undefined : await files.password();
    if (postmaster === undefined || password === undefined) return undefined;
    if (postmaster.port === undefined) continue;
    const refusal = await knock(localUrl(postmaster.port, password, "postgres"));
    if (refusal === undefined) return { port: postmaster.port, password };
    // After a crash the process id may belong to something else by now.
    if (postmaster.status === "ready" && isRefused(refusal)) return undefined;
  }
  return undefined;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}
