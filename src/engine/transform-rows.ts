import { setMaxListeners } from "node:events";
import pLimit from "p-limit";
import { BatchTooBigError, JobError, messageOf } from "../errors.ts";
import { ColumnValueError } from "../job/column-codec.ts";
import type { Transform } from "../job/define-job.ts";
import { Verdict } from "../job/verdict.ts";
import type { KeyText } from "../postgres/key.ts";
import type { OutgoingRow, UpdateRows } from "../sink/update-rows.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { Reject } from "../store/rejects.ts";
import { portionLimitMs, rowLimitMs } from "./limits.ts";

/** Async transforms of one batch under way at once. */
export const transformsAtOnce = 16;

export type TextRow = readonly (string | null)[];

/** A batch's rows, sorted by what the transform answered. */
export class Verdicts {
  readonly rows: OutgoingRow[] = [];
  readonly rejects: Reject[] = [];
  skipped = 0;
  /** whether the transform answers promises: then waiting, not work, is what takes the time */
  isAsync = false;
}

/** Calls a job's transform on rows and sorts the answers; one bad row never stops the good ones. */
export class RowTransform {
  readonly #source: OpenedSource;
  readonly #sink: UpdateRows;
  readonly #transform: Transform;
  readonly #parameters: object;
  readonly #holdMs: number;

  /** `holdMs` is how long synchronous transforms of several rows may hold their locks. */
  constructor(
    source: OpenedSource,
    sink: UpdateRows,
    transform: Transform,
    parameters: object,
    holdMs: number,
  ) {
    this.#source = source;
    this.#sink = sink;
    this.#transform = transform;
    this.#parameters = parameters;
    this.#holdMs = holdMs;
  }

  /** Transforms a portion of a batch. @throws BatchTooBigError when that takes longer than locks may be held */
  async apply(rows: readonly TextRow[], verdicts: Verdicts): Promise<void> {
    const deadline = new AbortController();
    // Each transform may listen to it.
    setMaxListeners(0, deadline.signal);
    const context = { parameters: this.#parameters, signal: deadline.signal };
    const begin = performance.now();
    for (const [index, row] of rows.entries()) {
      if (index > 0 && performance.now() - begin > this.#holdMs) throw new BatchTooBigError("time");
      const answer = this.#call(row, context);
      if (isPromise(answer)) {
        verdicts.isAsync = true;
        await this.#applyAsync(row, answer, rows.slice(index + 1), context, deadline, verdicts);
        return;
      }
      this.#sort(row, answer, verdicts);
    }
  }

  /** The first answer showed that the transform is asynchronous: the rest go a few at a time. */
  async #applyAsync(
    first: TextRow,
    answer: Promise<unknown>,
    rest: readonly TextRow[],
    context: { readonly parameters: object; readonly signal: AbortSignal },
    deadline: AbortController,
    verdicts: Verdicts,
  ): Promise<void> {
    const limit = pLimit(transformsAtOnce);
    const work = rest.map((row) =>
      limit(async () => {
        if (!deadline.signal.aborted) await this.#settle(row, this.#call(row, context), verdicts);
      }),
    );
    try {
      await inTime(portionLimitMs, Promise.all([this.#settle(first, answer, verdicts), ...work]), () => {
        throw new BatchTooBigError("time");
      });
    } finally {
      deadline.abort();
      limit.clearQueue();
    }
  }

  #call(row: TextRow, context: { readonly parameters: object; readonly signal: AbortSignal }): unknown {
    try {
      return this.#transform(this.#decode(row), context);
    } catch (error) {
      return new Thrown(error);
    }
  }

  #decode(row: TextRow): object {
    const decoded: Record<string, unknown> = {};
    this.#source.columns.forEach(({ name, codec }, index) => {
      decoded[name] = codec.decode(row[index] ?? null);
    });
    return decoded;
  }

  async #settle(row: TextRow, answer: unknown, verdicts: Verdicts): Promise<void> {
    const settled = Promise.resolve(answer).catch((error: unknown) => new Thrown(error));
    this.#sort(row, await inTime(rowLimitMs, settled, () => tooLate), verdicts);
  }

  #sort(row: TextRow, answer: unknown, verdicts: Verdicts): void {
    const key = this.#keyOf(row);
    if (answer instanceof Verdict) {
      if (answer.kind === "skip") verdicts.skipped += 1;
      else verdicts.rejects.push(refusal(key, answer.reason ?? "rejected without a reason"));
    } else if (answer instanceof Thrown) {
      verdicts.rejects.push(refusal(key, `the transform threw: ${messageOf(answer.error)}`));
    } else if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
      verdicts.rejects.push(refusal(key, "the transform answered neither a row nor skip() nor reject()"));
    } else {
      this.#encode(key, answer, verdicts);
    }
  }

  #encode(key: KeyText, answer: object, verdicts: Verdicts): void {
    try {
      verdicts.rows.push({ key, values: this.#sink.encode(answer) });
    } catch (error) {
      if (!(error instanceof ColumnValueError)) throw error;
      verdicts.rejects.push(refusal(key, error.message));
    }
  }

  #keyOf(row: TextRow): KeyText {
    return this.#source.key.columns.map((_, index) => {
      const text = row[index];
      if (text == null) throw new JobError("A key was read as null.");
      return text;
    });
  }
}

/** Something a transform threw; apart from an Error that it may answer by mistake. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function refusal(key: KeyText, reason: string): Reject {
  return { key, sqlstate: null, reason };
}

const tooLate = new Verdict("reject", `the transform took longer than ${rowLimitMs / 1_000} s`);

/** What `work` resolves to, or what `late` gives when that takes longer. */
async function inTime<T>(milliseconds: number, work: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([work, deadline.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || (typeof value === "object" && value !== null && "then" in value);
}
