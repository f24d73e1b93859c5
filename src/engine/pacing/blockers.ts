import { setTimeout as delay } from "node:timers/promises";
import { sql } from "../../postgres/sql/sql.ts";
import { type BlockingSession, whoBlocks } from "../../postgres/transaction/blocking-sessions.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** A batch waits for a lock only an eighth of a second before it rests, so look often to see it waiting. */
const firstMs = 100;
const longestMs = 1_000;

/** Finds the sessions whose locks the run's batches wait for, while batches fail because of locks. */
export class Blockers {
  readonly #db: Queryable;
  /** the prefix of the names of the run's batches */
  readonly #batches: string;
  #found: readonly BlockingSession[] = [];
  #foundAt = 0;
  #seeking: AbortController | null = null;

  constructor(db: Queryable, batches: string) {
    this.#db = db;
    this.#batches = batches;
  }

  /** The blocking sessions found last, with their present age. */
  get found(): readonly BlockingSession[] {
    const since = (performance.now() - this.#foundAt) / 1_000;
    return this.#found.map((each) => ({ ...each, seconds: each.seconds + since }));
  }

  /** Begins to look, after a batch failed because of a lock. Does nothing while a search is under way. */
  seek(): void {
    if (this.#seeking !== null) return;
    this.#seeking = new AbortController();
    void this.#look(this.#seeking.signal);
  }

  /** Stops looking, since batches are no longer blocked. */
  calm(): void {
    this.#seeking?.abort();
    this.#seeking = null;
    this.#found = [];
  }

  async #look(over: AbortSignal): Promise<void> {
    for (let ms = firstMs; !over.aborted; ms = Math.min(longestMs, ms * 1.1)) {
      const seen = await this.#whoBlocks().catch(() => []);
      if (over.aborted) return;
      if (seen.length > 0) {
        this.#found = seen;
        this.#foundAt = performance.now();
      } else if (this.#found.length > 0 && !(await this.#areThere().catch(() => true))) this.#found = [];
      await delay(this.#found.length > 0 ? longestMs : ms, undefined, { signal: over, ref: false }).catch(
        () => {},
      );
    }
  }

  async #whoBlocks(): Promise<BlockingSession[]> {
    return whoBlocks(
      this.#db,
      sql`select pid
        from pg_catalog.pg_stat_activity
        where pg_catalog.starts_with(application_name, ${this.#batches})
          and wait_event_type = 'Lock'`,
    );
  }

  /** Between two tries of a batch none waits, so keep the found sessions while their transactions last. */
  async #areThere(): Promise<boolean> {
    const pids = this.#found.map(({ pid }) => pid).join(",");
    const gids = this.#found.flatMap(({ gid }) => gid ?? []);
    const { rows } = await this.#db.query(sql`
      select exists (
        select
        from pg_catalog.pg_stat_activity
        where pid = any (pg_catalog.string_to_array(${pids}, ',')::integer[])
          and pid <> 0
          and xact_start is not null
      ) or exists (
        select
        from pg_catalog.pg_prepared_xacts
        where gid in (select pg_catalog.json_array_elements_text(${JSON.stringify(gids)}::json))
      ) as are_there`);
    return rows[0]?.are_there === "t";
  }
}
