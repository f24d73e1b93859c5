import { fileURLToPath } from "node:url";
import { runChild } from "../child.ts";
import type { Contestant, Outcome } from "../contestant.ts";

const program = fileURLToPath(new URL("loop-by-hand.js", import.meta.url));

/** Ranges of 4,000 rows on 4 connections, set-based. It keeps no undo log, no proof and no checkpoint. */
export class LoopByHand implements Contestant {
  readonly name = "loop-by-hand";
  readonly what = "a loop by hand: 4 connections of `pg`, ranges of 4,000 rows, one `update` for each range";
  readonly slow = false;

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const { stdout, ...measured } = await runChild(process.execPath, [program, databaseUrl]);
    return { ...measured, rows: Number(stdout.trim()) };
  }
}
