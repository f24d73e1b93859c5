import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Begun } from "./neighbour.ts";

/** Starts a Node program as a neighbour, in a terminal session of its own; an exit code other than 0 is an error. */
export function beginProcess(args: readonly string[]): Begun {
  // The kernel divides the processors among sessions, and the server has a session of its own.
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2_000);
  });
  const closed = once(child, "close");
  const ended = closed.then(([code, signal]) => {
    if (code !== 0 && signal !== "SIGKILL")
      throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  });
  return {
    ended,
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
