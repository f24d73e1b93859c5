import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("command-host.js", import.meta.url));

/** What a command printed, and the code with which its process would have ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line, where it is typed, and its whole environment. */
export interface Typed {
  readonly parameters: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

const idle: ChildProcess[] = [];

/**
 * Runs a command to its end in a process that is kept for the next one. Where the process is the point (signals, kills, a
 * terminal, a server that lives as long as it), a test starts one of its own instead.
 */
export async function runCommand({ parameters, cwd, env }: Typed): Promise<Outcome> {
  const host = idle.pop() ?? (await startHost());
  host.ref();
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(host, "exit", { signal }).then(([code]) => {
    throw new Error(`tidefill ${parameters.join(" ")} ended its process with ${String(code)}.`);
  });
  host.send({ id: "run", parameters, cwd, env });
  const answered = once(host, "message", { signal });
  const [{ code, stdout, stderr }] = (await Promise.race([answered, ended])) as [Outcome];
  ended.catch(() => {});
  waiting.abort();
  host.unref();
  idle.push(host);
  return { code, stdout, stderr };
}

async function startHost(): Promise<ChildProcess> {
  const host = fork(program, { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
  host.channel?.unref();
  await once(host, "message");
  return host;
}
