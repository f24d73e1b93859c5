import { readdir, readFile } from "node:fs/promises";

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  /** of the process itself */
  readonly own: number;
  /** of its children that have ended */
  readonly ended: number;
}

/** Seconds of processor time of a running process; undefined without /proc, and after its end. */
export async function processorSeconds(pid: number | undefined): Promise<number | undefined> {
  return pid === undefined ? undefined : (await statOf(pid))?.own;
}

/** Seconds of processor time of a server so far: the postmaster, its children, and those that have ended. */
export async function serverSeconds(postmaster: number): Promise<number | undefined> {
  const server = await statOf(postmaster);
  if (server === undefined) return undefined;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map(statOf));
  const children = all.filter((stat) => stat?.parent === postmaster).map((stat) => stat?.own ?? 0);
  return children.reduce((sum, seconds) => sum + seconds, server.own + server.ended);
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name of the program, in brackets, may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 15) return undefined;
  const seconds = (from: number): number =>
    (Number(fields[from]) + Number(fields[from + 1])) / ticksPerSecond;
  return { parent: Number(fields[1]), own: seconds(11), ended: seconds(13) };
}
