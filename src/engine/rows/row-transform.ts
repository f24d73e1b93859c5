import { setMaxListeners } from "node:events";
import pLimit from "p-limit";
import { BatchTooBigError, UsageError } from "../../errors.ts";
import type { Transform } from "../../job/definition/define-job.ts";
import type { TransformContext } from "../../job/definition/job-definition.ts";
import { Verdict } from "../../job/definition/verdict.ts";
import type { RowSink } from "../../sink/write/sink.ts";
import {
  BadRecord,
  type ReadableSource,
  type SourceRow,
  type TextRow,
} from "../../source/readable-source.ts";
import { within } from "../../within.ts";
import { portionLimitMs, rowLimitMs } from "../batch/batch-limits.ts";
import { LoopTurn } from "./loop-turn.ts";
import { RowAnswers, Thrown } from "./row-answers.ts";
import type { Verdicts } from "./verdicts.ts";

/** The most async transforms under way per worker. */
export const transformsAtOnce = 16;

interface TransformLimits {
  /** milliseconds of work that synchronous transforms of a portion may take, if it has several rows */
  readonly holdMs: number;
  /** reasons and errors of the transform may contain a person's values, so they are not kept */
  readonly isPersonal: boolean;
}

/** Calls a job's transform on rows and sorts the answers. A bad row never stops the good ones. */
export class RowTransform {
  readonly #answers: RowAnswers;
  readonly #transform: Transform;
  readonly #parameters: object;
  readonly #holdMs: number;

  constructor(
    source: ReadableSource,
    sink: RowSink,
    transform: Transform,
    parameters: object,
    { holdMs, isPersonal }: TransformLimits,
  ) {
    this.#answers = new RowAnswers(source, sink, isPersonal);
    this.#transform = transform;
    this.#parameters = parameters;
    this.#holdMs = holdMs;
  }

  /**
   * Transforms a portion of a batch, in turns with the other workers.
   * @throws BatchTooBigError when it takes longer than a batch may stay open
   */
  async apply(portion: readonly SourceRow[], verdicts: Verdicts): Promise<void> {
    const rows: TextRow[] = [];
    for (const row of portion) {
      if (row instanceof BadRecord)
        verdicts.rejects.push({ key: row.key, sqlstate: null, reason: row.reason });
      else rows.push(row);
    }
    const deadline = new AbortController();
    // Any number of transforms may listen to the signal.
    setMaxListeners(0, deadline.signal);
    const context = new ContextWithoutCalls(this.#parameters, deadline.signal);
    const turn = new LoopTurn();
    for (const [index, row] of rows.entries()) {
      const now = performance.now();
      if (index > 0 && this.#isTooLong(turn, now)) throw new BatchTooBigError("time");
      if (turn.isOver(now)) await turn.pass(now);
      const answer = this.#call(row, context);
      if (answer instanceof Promise) {
        verdicts.isAsync = true;
        const first = () => this.#settle(row, answer, verdicts);
        const rest = rows.slice(index + 1);
        const later = rest.map((each) => async () => this.#settle(each, this.#call(each, context), verdicts));
        const limitMs = portionLimitMs - turn.passedMs(performance.now());
        return this.#applyAsync([first, ...later], limitMs, deadline);
      }
      this.#sort(row, answer, verdicts);
    }
  }

  #isTooLong(turn: LoopTurn, now: number): boolean {
    return turn.workedMs(now) > this.#holdMs || turn.passedMs(now) > portionLimitMs;
  }

  /** Runs async transforms a few at a time, and begins none that a worker no longer waits for. */
  async #applyAsync(
    transforms: readonly (() => Promise<void>)[],
    limitMs: number,
    deadline: AbortController,
  ): Promise<void> {
    const limit = pLimit(transformsAtOnce);
    const work = transforms.map((transform) =>
      limit(async () => {
        if (!deadline.signal.aborted) await transform();
      }),
    );
    try {
      if ((await within(limitMs, Promise.all(work))) === undefined) throw new BatchTooBigError("time");
    } finally {
      deadline.abort();
    }
  }

  #call(row: TextRow, context: TransformContext<object>): unknown {
    try {
      const answer = this.#transform(this.#answers.decode(row), context);
      return isPromise(answer) ? Promise.resolve(answer) : answer;
    } catch (error) {
      return new Thrown(error);
    }
  }

  async #settle(row: TextRow, answer: unknown, verdicts: Verdicts): Promise<void> {
    const settled = Promise.resolve(answer).catch((error: unknown) => new Thrown(error));
    // Wrapped in an object, since `within` returns undefined for a timeout and a transform may do so by
    // mistake.
    const inTime = await within(
      rowLimitMs,
      settled.then((value) => ({ value })),
    );
    this.#sort(row, inTime === undefined ? tooLate : inTime.value, verdicts);
  }

  #sort(row: TextRow, answer: unknown, verdicts: Verdicts): void {
    this.#answers.sort(row, this.#answers.read(row, answer), verdicts);
  }
}

/** The context of a transform within the batch's transaction, where a call has no key and no attempts. */
class ContextWithoutCalls implements TransformContext<object> {
  readonly parameters: object;
  readonly signal: AbortSignal;

  constructor(parameters: object, signal: AbortSignal) {
    this.parameters = parameters;
    this.signal = signal;
  }

  get idempotencyKey(): string {
    throw new UsageError("only a job with `calls` has an idempotencyKey: write calls: {} in the job");
  }

  get attempt(): number {
    throw new UsageError("only a job with `calls` has attempts: write calls: {} in the job");
  }
}

const tooLate = new Verdict(
  "reject",
  `the transform took longer than ${rowLimitMs / 1_000} s, the longest that its batch may stay open: with calls: {} in the job it is asked outside of any transaction`,
);

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || (typeof value === "object" && value !== null && "then" in value);
}
