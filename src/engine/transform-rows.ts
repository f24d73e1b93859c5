import pLimit from "p-limit";
import { BatchTooBigError, JobError, messageOf } from "../errors.ts";
import { ColumnValueError } from "../job/column-codec.ts";
import type { Transform } from "../job/define-job.ts";
import { Verdict } from "../job/verdict.ts";
import type { KeyText } from "../postgres/key.ts";
import type { OutgoingRow, UpdateRows } from "../sink/update-rows.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { Reject } from "../store/rejects.ts";
import { batchLimitMs } from "./limits.ts";

/** Async transforms of one batch under way at once. */
const transformsAtOnce = 16;

export type TextRow = readonly (string | null)[];

/** A batch's rows, sorted by what the transform answered. */
export class Verdicts {
  readonly rows: OutgoingRow[] = [];
  readonly rejects: Reject[] = [];
  skipped = 0;

  get count(): number {
    return this.rows.length + this.rejects.length + this.skipped;
  }
}

/** Calls a job's transform on rows and sorts the answers; one bad row never stops the good ones. */
export class RowTransform {
  readonly #source: OpenedSource;
  readonly #sink: UpdateRows;
  readonly #transform: Transform;
  readonly #parameters: object;

  constructor(source: OpenedSource, sink: UpdateRows, transform: Transform, parameters: object) {
    this.#source = source;
    this.#sink = sink;
    this.#transform = transform;
    this.#parameters = parameters;
  }

  /** Transforms a portion of a batch. @throws BatchTooBigError when async transforms take longer than a batch may */
  async apply(rows: readonly TextRow[], verdicts: Verdicts): Promise<void> {
    const deadline = new AbortController();
    const context = { parameters: this.#parameters, signal: deadline.signal };
    for (const [index, row] of rows.entries()) {
      const answer = this.#call(row, context);
      if (isPromise(answer)) {
        // This one shows that the transform is asynchronous: the rest go a few at a time.
        const limit = pLimit(transformsAtOnce);
        const rest = rows
          .slice(index + 1)
          .map((each) => limit(() => this.#settle(each, this.#call(each, context), verdicts)));
        await inTime(Promise.all([this.#settle(row, answer, verdicts), ...rest]), deadline, rows.length);
        return;
      }
      this.#sort(row, answer, verdicts);
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
    this.#sort(row, await Promise.resolve(answer).catch((error: unknown) => new Thrown(error)), verdicts);
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

/** Locks are held meanwhile, so a transform may not take for ever. */
async function inTime(work: Promise<unknown>, deadline: AbortController, rows: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new BatchTooBigError("time")), batchLimitMs / (rows > 1 ? 2 : 1));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    deadline.abort();
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || (typeof value === "object" && value !== null && "then" in value);
}
