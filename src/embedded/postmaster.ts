import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a postmaster writes about itself into its data directory. */
export interface Postmaster {
  readonly pid: number;
  /** Undefined while it is still starting. */
  readonly port: number | undefined;
  readonly status: string;
}

/**
 * The live postmaster of a data directory; undefined when there is none, or only what a crash left of one.
 */
export async function livePostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  return { pid, port: Number(lines[3]) || undefined, status: lines[7]?.trim() ?? "" };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is alive, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
