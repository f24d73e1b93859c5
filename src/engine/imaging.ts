import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import type { ImageTarget, UndoLog } from "../sink/images.ts";

/** Whether and where the batches of a run keep what they overwrite. */
export class Imaging {
  readonly #log: UndoLog | null;
  readonly #hasReturningOld: boolean;

  constructor(log: UndoLog | null, hasReturningOld: boolean) {
    this.#log = log;
    this.#hasReturningOld = hasReturningOld;
  }

  /** Where a batch of this sweep keeps its images; null when the run keeps none. */
  of(sweep: number): ImageTarget | null {
    return this.#log === null ? null : { ...this.#log, sweep, hasReturningOld: this.#hasReturningOld };
  }
}

/** Whether `returning` can tell what an update has overwritten: since PostgreSQL 18. */
export async function hasReturningOld(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(
    sql`select pg_catalog.current_setting('server_version_num')::integer >= 180000 as has_it`,
  );
  return rows[0]?.has_it === "t";
}
