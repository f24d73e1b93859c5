import type { FaultAction } from "../../support/fault-proxy-fault.ts";
import { advanceStatement, batchCommit } from "./proxied.ts";
import type { Random } from "./random.ts";

/** A statement within a batch, which begins with the batch's name as a comment. */
function ofBatch(statement: string): RegExp {
  return new RegExp(`^/\\* tidefill [^*]* range \\d+ \\*/\\s*(?:${statement})`, "s");
}

/** Where faults strike: the statements of a run, in the order of a batch. */
export const places: Readonly<Record<string, () => RegExp>> = {
  "the plan of a range": () => /^\s*insert into "tidefill"\."range"/,
  "the lease of a range": () => /^\s*update "tidefill"\."range" as taken/,
  begin: () => /^begin/,
  "the bounds of a batch": () =>
    ofBatch("select (?:(?!for no key update).)*(?:offset|tidefill_walked|as walked)"),
  "the read": () => ofBatch("select (?!.*(?:offset|tidefill_walked|as walked))"),
  "the write": () => ofBatch('with|insert into(?! "tidefill"\\."reject")|update "public"|delete'),
  "the checkpoint": () => advanceStatement,
  "the commit": () => batchCommit(),
  "the heartbeat": () => /^\s*insert into "tidefill"\."worker"/,
};

/** What happens to a statement or to its answer. */
export const actions: Readonly<Record<string, FaultAction>> = {
  "lost on its way": "swallow",
  "done, its answer lost": "swallow-reply",
  "connection reset before it": "reset-before",
  "connection reset after it": "reset-after",
};

/** Matches some of the statements that another expression matches, at random. */
export class SomeOf extends RegExp {
  readonly #random: Random;
  readonly #share: number;
  readonly #of: RegExp;

  /** `share` is from 0 to 1. */
  constructor(of: RegExp, share: number, random: Random) {
    super(of);
    this.#of = of;
    this.#share = share;
    this.#random = random;
  }

  override [Symbol.search](statement: string): number {
    const at = statement.search(this.#of);
    return at >= 0 && this.#random.next() < this.#share ? at : -1;
  }
}
