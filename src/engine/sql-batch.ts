import { JobError } from "../errors.ts";
import { qualifiedName } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Bounds } from "../postgres/key.ts";
import { raw, sql } from "../postgres/sql.ts";
import type { UpdateBySql } from "../sink/update-by-sql.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { BatchOutcome, BatchWork } from "./batch-work.ts";
import type { PhaseClock } from "./phase-clock.ts";

/** The batch of an SQL job: one update over a stretch of keys, no row leaves the database. */
export class SqlBatch implements BatchWork {
  readonly #source: OpenedSource;
  readonly #sink: UpdateBySql;

  constructor(source: OpenedSource, sink: UpdateBySql) {
    this.#source = source;
    this.#sink = sink;
  }

  async do(tx: Transaction, bounds: Bounds, _expected: number, clock: PhaseClock): Promise<BatchOutcome> {
    // A pending row is always written; otherwise the rows that will be left as they are have to be counted, and before the
    // write: afterwards the job's own `where` may find them no more.
    const found =
      this.#source.definition.pending === null
        ? await clock.during("read", () => this.#count(tx, bounds))
        : 0;
    const { written, stillPending } = await clock.during("write", () =>
      this.#sink.write(tx, this.#source.condition(bounds)),
    );
    if (stillPending > 0) throw stillPendingError(stillPending);
    const read = Math.max(found, written);
    return { read, written, unchanged: read - written, skipped: 0, rejects: [], isAsync: false };
  }

  async #count(tx: Transaction, bounds: Bounds): Promise<number> {
    const { rows } = await tx.query(sql`
      select pg_catalog.count(*) as rows
      from ${qualifiedName(this.#source.relation)} as ${raw(this.#source.key.alias)}
      where ${this.#source.condition(bounds)}`);
    return Number(rows[0]?.rows ?? 0);
  }
}

/** Rows that a sweep would find and write a second time: the promise would be broken, so the run must not go on. */
export function stillPendingError(rows: number): JobError {
  return new JobError(
    `\`pending\` is still true for ${rows} rows that the job has just written; the batch was rolled back.`,
    {
      remedy: "Correct `pending`: it must become false once a row is done.",
    },
  );
}
