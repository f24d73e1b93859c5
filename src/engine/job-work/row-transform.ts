import { setMaxListeners } from "node:events";
import pLimit, { type LimitFunction } from "p-limit";
import { BatchTooBigError, JobError, messageOf } from "../../errors.ts";
import { AnswerError } from "../../job/columns/column-value-error.ts";
import { letGo } from "../../job/columns/write-json.ts";
import type { Transform } from "../../job/definition/define-job.ts";
import { Verdict } from "../../job/definition/verdict.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { OutgoingRow } from "../../sink/write/outgoing-row.ts";
import type { ReadTexts } from "../../sink/write/row-encoder.ts";
import type { RowSink } from "../../sink/write/sink.ts";
import {
  BadRecord,
  type ReadableSource,
  reasonAt,
  type SourceRow,
  type TextRow,
} from "../../source/readable-source.ts";
import type { Reject } from "../../store/rejects/rejects.ts";
import { within } from "../../within.ts";
import { portionLimitMs, rowLimitMs } from "../batch/batch-limits.ts";

/** The most async transforms under way per worker, where the job sets no number. */
export const transformsAtOnce = 16;

/** A batch's rows, sorted by the transform's answers. */
export class Verdicts {
  readonly rows: OutgoingRow[] = [];
  /** the keys of the source rows that were answered with rows: one, several or none */
  readonly keys: KeyText[] = [];
  readonly rejects: Reject[] = [];
  skipped = 0;
  /** whether the transform returns promises, so that its time is spent on waiting, not on work */
  isAsync = false;
}

interface TransformLimits {
  /** milliseconds for which synchronous transforms of several rows may hold their locks */
  readonly holdMs: number;
  /** reasons and errors of the transform may contain a person's values, so they are not kept */
  readonly isPersonal: boolean;
  /** the most async transforms under way in the process; `transformsAtOnce` per worker when undefined */
  readonly atOnce: number | undefined;
}

/** Calls a job's transform on rows and sorts the answers. A bad row never stops the good ones. */
export class RowTransform {
  readonly #source: ReadableSource;
  readonly #sink: RowSink;
  readonly #transform: Transform;
  readonly #parameters: object;
  readonly #limits: TransformLimits;
  readonly #versionAt: number | undefined;
  /** The positions of JSON columns: JSON that the transform does not change is written as it was read. */
  readonly #jsonAt: ReadonlyMap<string, number>;
  /** shared by all workers; null where the job sets no number */
  readonly #limit: LimitFunction | null;

  constructor(
    source: ReadableSource,
    sink: RowSink,
    transform: Transform,
    parameters: object,
    limits: TransformLimits,
  ) {
    this.#source = source;
    this.#sink = sink;
    this.#transform = transform;
    this.#parameters = parameters;
    this.#limits = limits;
    this.#versionAt = source.versions?.at;
    this.#jsonAt = new Map(
      source.columns.filter(({ codec }) => codec.isJson).map(({ name, at }) => [name, at]),
    );
    this.#limit = limits.atOnce === undefined ? null : pLimit(limits.atOnce);
  }

  /** Transforms a portion of a batch. @throws BatchTooBigError when it takes longer than locks may be held */
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
    const context = { parameters: this.#parameters, signal: deadline.signal };
    const later = (row: TextRow) => async () => this.#settle(row, this.#call(row, context), verdicts);
    if (this.#limit !== null) {
      verdicts.isAsync = true;
      return this.#applyAsync(rows.map(later), this.#limit, deadline);
    }
    const begin = performance.now();
    for (const [index, row] of rows.entries()) {
      if (index > 0 && performance.now() - begin > this.#limits.holdMs) throw new BatchTooBigError("time");
      const answer = this.#call(row, context);
      if (answer instanceof Promise) {
        verdicts.isAsync = true;
        const first = () => this.#settle(row, answer, verdicts);
        const rest = rows.slice(index + 1).map(later);
        return this.#applyAsync([first, ...rest], pLimit(transformsAtOnce), deadline);
      }
      this.#sort(row, answer, verdicts);
    }
  }

  /** Runs async transforms a few at a time, and begins none that a worker no longer waits for. */
  async #applyAsync(
    transforms: readonly (() => Promise<void>)[],
    limit: LimitFunction,
    deadline: AbortController,
  ): Promise<void> {
    const work = transforms.map((transform) =>
      limit(async () => {
        if (!deadline.signal.aborted) await transform();
      }),
    );
    try {
      if ((await within(portionLimitMs, Promise.all(work))) === undefined) throw new BatchTooBigError("time");
    } finally {
      deadline.abort();
    }
  }

  #call(row: TextRow, context: { readonly parameters: object; readonly signal: AbortSignal }): unknown {
    try {
      const answer = this.#transform(this.#decode(row), context);
      return isPromise(answer) ? Promise.resolve(answer) : answer;
    } catch (error) {
      return new Thrown(error);
    }
  }

  #decode(row: TextRow): object {
    const decoded: Record<string, unknown> = {};
    for (const { name, at, codec } of this.#source.columns) decoded[name] = codec.decode(row[at] ?? null);
    return decoded;
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
    const key = this.#keyOf(row);
    try {
      if (answer instanceof Thrown) throw answer.error;
      if (!(answer instanceof Verdict)) this.#encode(row, key, answer, verdicts);
      else if (answer.kind === "skip") verdicts.skipped += 1;
      else
        verdicts.rejects.push(this.#refusal(key, this.#said(answer.reason ?? "rejected without a reason")));
    } catch (error) {
      // Getters, proxies and toJSON of the answer are user code too, and may throw.
      verdicts.rejects.push(this.#refusal(key, this.#threw(error)));
    }
  }

  #said(reason: string): string {
    return this.#limits.isPersonal ? "rejected by the transform" : reason;
  }

  #threw(error: unknown): string {
    const { isPersonal } = this.#limits;
    try {
      if (error instanceof AnswerError) return isPersonal ? error.plainMessage : error.message;
      if (!isPersonal) return `the transform threw: ${messageOf(error)}`;
      // `name` could hold any text, even a value of a row, so use it only when it looks like a class name.
      const isNamed = error instanceof Error && /^[A-Z][A-Za-z]{0,60}$/.test(error.name);
      return `the transform threw ${isNamed ? error.name : "something"}`;
    } catch {
      return "the transform threw something that has no message";
    }
  }

  #encode(row: TextRow, key: KeyText, answer: unknown, verdicts: Verdicts): void {
    const answers: readonly unknown[] = this.#sink.takesMany && Array.isArray(answer) ? answer : [answer];
    if (!answers.every(isRow)) {
      for (const each of answers) letGo(each);
      throw new AnswerError(notARow, notARow);
    }
    const read: ReadTexts = (column) => row[this.#jsonAt.get(column) ?? row.length];
    const version = this.#versionAt === undefined ? [] : row.slice(this.#versionAt, this.#versionAt + 2);
    const rows = answers.map((each) => ({ key, version, values: this.#sink.encode(each, read) }));
    for (const each of rows) verdicts.rows.push(each);
    verdicts.keys.push(key);
  }

  #refusal(key: KeyText, reason: string): Reject {
    return { key, sqlstate: null, reason: reasonAt(this.#source, key, reason) };
  }

  #keyOf(row: TextRow): KeyText {
    const key = row.slice(0, this.#source.keyWidth);
    if (!key.every((text) => text !== null)) throw new JobError("A key was read as null.");
    return key;
  }
}

const notARow = "the transform returned neither a row nor skip() nor reject()";

function isRow(answer: unknown): answer is object {
  return (
    typeof answer === "object" && answer !== null && !Array.isArray(answer) && !(answer instanceof Promise)
  );
}

/** What a transform threw; distinct from an Error that it may return by mistake. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

const tooLate = new Verdict(
  "reject",
  `the transform took longer than ${rowLimitMs / 1_000} s, the longest that its batch may stay open: collect such answers in a table first, and let a job copy them`,
);

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || (typeof value === "object" && value !== null && "then" in value);
}
