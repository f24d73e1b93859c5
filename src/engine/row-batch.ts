import pLimit from "p-limit";
import { BatchTooBigError, JobError, messageOf } from "../errors.ts";
import { ColumnValueError } from "../job/column-codec.ts";
import type { Transform } from "../job/define-job.ts";
import { Verdict } from "../job/verdict.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Bounds, KeyText } from "../postgres/key.ts";
import type { OutgoingRow, UpdateRows } from "../sink/update-rows.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { Reject } from "../store/rejects.ts";
import type { BatchOutcome, BatchWork } from "./batch-work.ts";
import { batchBytes, batchLimitMs } from "./limits.ts";
import type { PhaseClock } from "./phase-clock.ts";
import { stillPendingError } from "./sql-batch.ts";

const portionRows = 500;
/** Async transforms of one batch under way at once. */
const transformsAtOnce = 16;

type TextRow = readonly (string | null)[];

/** Rows, skips and rejects of a batch, sorted by what the transform answered. */
interface Verdicts {
  readonly rows: OutgoingRow[];
  readonly rejects: Reject[];
  skipped: number;
}

/** The batch of a row job: read and lock, transform, write. */
export class RowBatch implements BatchWork {
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

  async do(tx: Transaction, bounds: Bounds, expected: number, clock: PhaseClock): Promise<BatchOutcome> {
    const read = await clock.during("read", () => this.#read(tx, bounds, expected));
    const verdicts = await clock.during("transform", () => this.#transformAll(read));
    const { written, stillPending } = await clock.during("write", () => this.#sink.write(tx, bounds, verdicts.rows));
    if (stillPending > 0) throw stillPendingError(stillPending);
    const { rows, skipped, rejects } = verdicts;
    return { read: read.length, written, unchanged: rows.length - written, skipped, rejects };
  }

  // The bound was found without locks, so rows may have come or grown since: then the batch is rolled back and made smaller.
  async #read(tx: Transaction, bounds: Bounds, expected: number): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    let bytes = 0;
    for await (const portion of tx.read(this.#source.readStatement(bounds), portionRows)) {
      for (const row of portion) {
        rows.push(row);
        for (const value of row) bytes += value === null ? 0 : value.length;
      }
      if (rows.length > 2 * expected + portionRows) throw new BatchTooBigError("rows");
      if (bytes > 2 * batchBytes && rows.length > 1) throw new BatchTooBigError("bytes");
    }
    return rows;
  }

  async #transformAll(rows: readonly TextRow[]): Promise<Verdicts> {
    const verdicts: Verdicts = { rows: [], rejects: [], skipped: 0 };
    const deadline = new AbortController();
    const context = { parameters: this.#parameters, signal: deadline.signal };
    const limit = pLimit(transformsAtOnce);
    const waiting: Promise<void>[] = [];
    for (const row of rows) {
      const answer = this.#call(row, context);
      if (isPromise(answer)) waiting.push(this.#settle(row, answer, verdicts));
      else this.#sort(row, answer, verdicts);
      if (waiting.length > 0) break;
    }
    // The first row showed that the transform is asynchronous: the rest go a few at a time.
    if (waiting.length > 0) {
      for (const row of rows.slice(verdictsCount(verdicts) + 1)) {
        waiting.push(limit(() => this.#settle(row, this.#call(row, context), verdicts)));
      }
      await inTime(Promise.all(waiting), deadline, rows.length);
    }
    return verdicts;
  }

  #call(row: TextRow, context: { readonly parameters: object; readonly signal: AbortSignal }): unknown {
    try {
      return this.#transform(this.#decode(row), context);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
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
    const settled = await Promise.resolve(answer).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    this.#sort(row, settled, verdicts);
  }

  #sort(row: TextRow, answer: unknown, verdicts: Verdicts): void {
    const key = this.#keyOf(row);
    const refuse = (reason: string): void => {
      verdicts.rejects.push({ key, sqlstate: null, reason });
    };
    if (answer instanceof Verdict) {
      if (answer.kind === "skip") verdicts.skipped += 1;
      else refuse(answer.reason ?? "");
    } else if (answer instanceof Error) {
      refuse(`the transform threw ${answer.name}: ${answer.message}`);
    } else if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
      refuse("the transform answered neither a row nor skip() nor reject()");
    } else {
      this.#encode(key, answer, verdicts, refuse);
    }
  }

  #encode(key: KeyText, answer: object, verdicts: Verdicts, refuse: (reason: string) => void): void {
    try {
      verdicts.rows.push({ key, values: this.#sink.encode(answer) });
    } catch (error) {
      if (!(error instanceof ColumnValueError)) throw error;
      refuse(messageOf(error));
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

function verdictsCount(verdicts: Verdicts): number {
  return verdicts.rows.length + verdicts.rejects.length + verdicts.skipped;
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
