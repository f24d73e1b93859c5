import { messageOf } from "../../errors.ts";
import { emphasise, say, sayOnce } from "../terminal/output.ts";

/** Says that a receiver was not told. */
export function sayUntold(problem: string): void {
  sayOnce(
    `${emphasise("yellow", "warning")} A notice could not be delivered: ${problem}. The next command with --notify tells it.`,
  );
}

/** Says that the database could not be asked what is to be told. */
export function sayFailed(error: unknown): void {
  say(`${emphasise("yellow", "warning")} What is to be told could not be read: ${messageOf(error)}`);
}
