import { createHash } from "node:crypto";
import type { CallRules } from "../../job/definition/calls.ts";
import type { AskControl } from "../batch/batch-work.ts";
import type { RowAnswer } from "../rows/row-answers.ts";
import { type AskedRow, type Calling, type CallResult, call } from "./call.ts";
import type { CallHome } from "./call-home.ts";

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/**
 * Answers are written down together with those that come within this share of the time of a call, but within
 * a second. Until then a call counts as under way: so a process that dies leaves at most `atOnce` in doubt.
 */
const shareOfCall = 0.01;
const [leastMs, mostMs] = [2, 1_000];

/** Each consecutive wait of a call is at least this long, twice as long each time, up to 13 seconds. */
const leastWaitMs = 100;
const mostDoublings = 7;

/** Why a row is rejected whose only call may have been made already. */
export const inDoubt =
  'a call about it may have been made by a process that could not note the answer, and effects are "at most once"';

/** Learns the answer for a row. */
type Got = (asked: AskedRow, answer: RowAnswer) => void;

/** What a batch's calls obey. */
interface Asking {
  readonly control: AskControl;
  /** whether another worker has the range by now, as far as is known */
  readonly isLost: () => boolean;
}

/** Asks other systems about rows: a few calls at once, each tried again where it failed. */
export class Asker {
  readonly #calling: Calling;
  readonly #home: CallHome;

  constructor(calling: Calling, home: CallHome) {
    this.#calling = calling;
    this.#home = home;
  }

  get rules(): CallRules {
    return this.#calling.rules;
  }

  /** Asks about every row, unless the run stops first. `got` learns each answer once it is noted. */
  async ask(asked: readonly AskedRow[], asking: Asking, got: Got): Promise<void> {
    const size = this.rules.rowsPerCall ?? 1;
    const groups = Array.from({ length: Math.ceil(asked.length / size) }, (_, at) =>
      asked.slice(at * size, (at + 1) * size),
    );
    const ended = await Promise.allSettled(groups.map((group) => this.#askGroup(group, asking, got)));
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  }

  async #askGroup(group: readonly AskedRow[], { control, isLost }: Asking, got: Got): Promise<void> {
    let rest = group;
    let waits = 0;
    // Once for all attempts: what was told to wait has not been done.
    let isClaimed = !this.rules.isAtMostOnce;
    for (let attempt = 1; rest.length > 0 && !control.stop.isStopping && !isLost(); ) {
      const rows = rest;
      const result = await this.#home.gate.pass(control, async () => {
        if (isLost()) return undefined;
        const ours = isClaimed ? rows : await this.#claim(rows, got);
        isClaimed = true;
        // The range may have been lost while the claim was on its way.
        return ours.length === 0 || isLost() ? undefined : this.#call(ours, attempt, control, got);
      });
      if (result === undefined || this.#home.kept.isFailing) return;
      rest = result.rest;
      if (result.later !== null) {
        // A wait of nothing, again and again, must not become a flood.
        const floorMs = leastWaitMs * 2 ** Math.min(mostDoublings, waits);
        waits += 1;
        const why = this.#calling.rowAnswers.whyWait(result.later.why);
        control.pauseCalls({ ms: Math.max(floorMs, result.later.waitMs), why });
      }
      if (result.reason === null) continue;
      // Calls that a stop has cut short have not failed.
      if (control.stop.isStopping) return;
      if (result.isFinal || attempt >= this.rules.attempts) {
        const reject = result.isFinal ? result.reason : this.#failed(attempt, result.reason);
        for (const asked of rest) this.#refuse(asked, reject, got);
        return;
      }
      await control.stop.pause(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)));
      attempt += 1;
    }
  }

  #refuse(asked: AskedRow, reject: string, got: Got): void {
    this.#home.kept.failed(asked, reject);
    got(asked, { reject });
  }

  async #call(
    rows: readonly AskedRow[],
    attempt: number,
    control: AskControl,
    got: Got,
  ): Promise<CallResult> {
    const idempotencyKey = this.#keyOf(rows);
    const { events, stop } = control;
    events.emit({ type: "call began" });
    const begin = performance.now();
    const result = await call(this.#calling, rows, { idempotencyKey, attempt, stop: stop.signal });
    const seconds = (performance.now() - begin) / 1_000;
    control.renew();
    // What was refused is mostly not charged; what came too late is.
    const isCharged = result.outcome === "answered" || result.outcome === "timed out";
    events.emit({
      type: "call ended",
      outcome: result.outcome,
      reason: result.reason,
      seconds,
      cost: isCharged ? this.rules.cost : null,
    });
    for (const { asked, answer } of result.answers) {
      this.#home.kept.note(asked, answer);
      got(asked, answer);
    }
    if (result.answers.length > 0)
      await this.#home.kept.written(Math.min(mostMs, Math.max(leastMs, shareOfCall * seconds * 1_000)));
    return result;
  }

  /** The rows that this process may make the only call about; the rest are in doubt. */
  async #claim(wanted: readonly AskedRow[], got: Got): Promise<readonly AskedRow[]> {
    const ours = await this.#home.kept.claim(wanted);
    for (const asked of wanted) if (!ours.includes(asked)) got(asked, { reject: inDoubt });
    return ours;
  }

  #failed(attempts: number, reason: string): string {
    return attempts === 1
      ? `the call failed: ${reason}`
      : `the call failed ${attempts} times, the last time: ${reason}`;
  }

  /** The same for the same rows with the same input, whichever process asks; and for no other call. */
  #keyOf(rows: readonly AskedRow[]): string {
    const about = rows.map(({ key, input }) => [key, input]);
    return createHash("sha256")
      .update(JSON.stringify([this.#home.scope, about]))
      .digest("hex");
  }
}
