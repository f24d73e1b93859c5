import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { processorSeconds } from "./processor-time.ts";

interface Finished {
  readonly stdout: string;
  readonly seconds: number;
  /** absent where there is no /proc, or the process was not watched */
  readonly peakMemoryBytes?: number;
  /** as the last look found it; absent like the memory */
  readonly processorSeconds?: number;
}

const watchEvery = 20;

/**
 * Runs a program and measures the time from its start to its end. An exit code other than 0 is an error.
 * Watching it uses this process's time, so do not watch while this process measures delays.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  {
    environment = {},
    isWatched = true,
  }: { readonly environment?: Readonly<Record<string, string>>; readonly isWatched?: boolean } = {},
): Promise<Finished> {
  const begun = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // As if started in another terminal: the kernel divides the processors among sessions, and the server has
    // a session of its own.
    detached: true,
  });
  const end = (): void => void child.kill();
  process.once("exit", end);
  let stdout = "";
  let stderr = "";
  let peakMemoryBytes: number | undefined;
  let used: number | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2_000);
  });
  const look = async (): Promise<void> => {
    peakMemoryBytes = (await peakMemory(child.pid)) ?? peakMemoryBytes;
    used = (await processorSeconds(child.pid)) ?? used;
  };
  const watch = isWatched ? setInterval(look, watchEvery) : undefined;
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit, signal) => resolve(exit ?? signal ?? "unknown"));
    });
    const seconds = (performance.now() - begun) / 1_000;
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${(stderr || stdout).trim()}`);
    if (peakMemoryBytes === undefined || used === undefined) return { stdout, seconds };
    return { stdout, seconds, peakMemoryBytes, processorSeconds: used };
  } finally {
    clearInterval(watch);
    process.off("exit", end);
  }
}

/** Whether a program can be started and ends well with these arguments. */
export function works(command: string, ...args: readonly string[]): Promise<boolean> {
  return runChild(command, args).then(
    () => true,
    () => false,
  );
}

// The kernel itself keeps the peak, so looking now and then misses only the last instant.
async function peakMemory(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}
