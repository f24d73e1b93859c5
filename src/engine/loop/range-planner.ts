import pLimit from "p-limit";
import { WalkTooSlowError } from "../../errors.ts";
import { readDeadEntries } from "../../postgres/catalog/dead-entries.ts";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { classifyFailure } from "../../postgres/failure/failure.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import type { Walk } from "../../source/walk.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import type { Events } from "../report/events.ts";
import { segmentRows, slice } from "./slice.ts";

/** The first ranges are small, so that work begins at once. */
const firstRows = 10_000;
const fewestRows = 100;
const mostRows = 100_000;
/** Many more ranges than workers, so that the last ones end at about the same time. */
const rangesPerWorker = 16;

const longestWalkMs = 60_000;

/** Plans ranges by plain reads of the key's index. A worker that finds no free range plans the next one. */
export class RangePlanner {
  readonly #db: Database;
  readonly #store: Store;
  readonly #walk: Walk;
  readonly #run: bigint;
  readonly #events: Events;
  readonly #walkMs: number;
  readonly #lockMs: number;
  readonly #walked: Relation | null;
  readonly #wishedRows: number;
  readonly #shares: readonly number[];
  #rows: number;

  constructor(
    { db, store }: Session,
    walk: Walk,
    run: {
      readonly id: bigint;
      readonly estimatedWalk: number;
      readonly workers: number;
      readonly walkMs: number;
      readonly deadlockTimeoutMs: number;
      /** the table whose keys are walked; null where there is none */
      readonly walked: Relation | null;
      /** the share of the rows that is done after each stage of a rollout */
      readonly shares: readonly number[];
      /** the most keys of a range */
      readonly rangeRows: number;
    },
    events: Events,
  ) {
    this.#db = db;
    this.#store = store;
    this.#walk = walk;
    this.#run = run.id;
    this.#events = events;
    this.#walkMs = run.walkMs;
    this.#lockMs = run.deadlockTimeoutMs / 2;
    this.#walked = run.walked;
    const even = Math.ceil(run.estimatedWalk / (run.workers * rangesPerWorker));
    this.#shares = run.shares;
    const wished = segmentRows(Math.max(1_000, Math.min(mostRows, even)), run.estimatedWalk, run.shares);
    this.#wishedRows = Math.min(run.rangeRows, wished);
    this.#rows = Math.min(firstRows, this.#wishedRows);
  }

  readonly #oneAtATime = pLimit(1);
  /** whether the last plan went to the end of the keys: idle workers need not ask the store again */
  #isWhole = false;

  /** Adds the next range of the current sweep. Returns false when the whole key space is planned. */
  async planNext(): Promise<boolean> {
    return this.#oneAtATime(async () => !this.#isWhole && (await this.#plan()));
  }

  /**
   * Plans again where another process has made the run begin again from its first row, or where a crash of the
   * server has lost the newest plan.
   */
  planAgain(): void {
    this.#isWhole = false;
  }

  async #plan(): Promise<boolean> {
    for (;;) {
      const begin = performance.now();
      try {
        const planned = await this.#db.transaction((tx) => this.#add(tx), {
          lockMs: this.#lockMs,
          statementMs: longestWalkMs,
          wholeMs: 2 * longestWalkMs,
          mayBeForgotten: true,
        });
        // Another process was faster, and its range serves as well.
        if (planned === "planned elsewhere") return true;
        this.#isWhole = planned.isWhole;
        if (planned.added.length === 0) return false;
        for (const range of planned.added) this.#events.emit({ type: "range planned", range });
        this.#learn(performance.now() - begin);
        return true;
      } catch (error) {
        if (classifyFailure(error).reason !== "timeout") throw error;
        if (this.#rows <= fewestRows) throw await this.#tooSlow(error);
        this.#rows = Math.max(fewestRows, Math.floor(this.#rows / 4));
      }
    }
  }

  /** The error for a walk that does not reach its next keys, with the reason if the server shows one. */
  async #tooSlow(error: unknown): Promise<unknown> {
    const found =
      this.#walked === null ? null : await readDeadEntries(this.#db, this.#walked).catch(() => null);
    if (found === null) return error;
    const { table, deadRows, keptBy, ending } = found;
    const kept = keptBy === null ? "" : `, which vacuum may not remove while ${keptBy} keeps an old snapshot`;
    return new WalkTooSlowError(
      `Finding the next ${fewestRows} keys of ${table} took longer than ${longestWalkMs / 1_000} s: the table has about ${deadRows} dead rows, whose index entries slow the search down${kept}.`,
      `${ending === null ? "" : `${ending}   `}vacuum ${table};   and then go on: tidefill resume ${this.#run}`,
      error,
    );
  }

  // The walk comes first and the lock on the run last, so that no session waits for a walk.
  async #add(tx: Transaction): Promise<Planned | "planned elsewhere"> {
    const { runs, ranges } = this.#store;
    const before = await runs.planned(tx, this.#run);
    if (before === null || before.isPlanned) return { added: [], isWhole: true };
    const after = before.plannedThrough;
    await tx.query(sql`select pg_catalog.set_config('statement_timeout', ${String(this.#timeout())}, true)`);
    const cuts = await this.#cut(tx, after);
    const run = await runs.lock(tx, this.#run);
    if (run.isPlanned || !isSame(run.plannedThrough, after)) return "planned elsewhere";
    const added: bigint[] = [];
    for (const cut of cuts) added.push(await ranges.add(tx, run, cut));
    const through = cuts.at(-1)?.bounds.through ?? null;
    const isWhole = through === null;
    await runs.set(tx, run.id, {
      planned_through: sql`${through}::text[]`,
      is_planned: sql`${isWhole}`,
    });
    return { added, isWhole };
  }

  /** Cuts the next ranges: one, or one for each stage of a rollout. */
  async #cut(tx: Transaction, after: KeyText | null): Promise<Cut[]> {
    const cuts: Cut[] = [];
    let from = after;
    for (const { rows, stage } of slice(this.#rows, this.#shares, after === null)) {
      const through = await this.#walk.boundary(tx, from, rows);
      cuts.push({ bounds: { after: from, through }, rows: through === null ? null : rows, stage });
      if (through === null) break;
      from = through;
    }
    return cuts;
  }

  // Give the smallest walk all the time it needs: the next keys may lie behind many dead index entries.
  #timeout(): number {
    return this.#rows <= fewestRows ? longestWalkMs : Math.max(250, this.#walkMs);
  }

  #learn(milliseconds: number): void {
    if (milliseconds < this.#walkMs / 4) this.#rows = Math.min(this.#wishedRows, this.#rows * 2);
    else if (milliseconds > this.#walkMs) this.#rows = Math.max(fewestRows, Math.floor(this.#rows / 2));
  }
}

/** The ranges that were added, and whether the keys are planned to their end. */
interface Planned {
  readonly added: readonly bigint[];
  readonly isWhole: boolean;
}

/** A range that is about to be added; `rows` is null where its end is open. */
interface Cut {
  readonly bounds: Bounds;
  readonly rows: number | null;
  readonly stage: number;
}

/** Compares two keys as texts, both from the store. */
function isSame(left: KeyText | null, right: KeyText | null): boolean {
  return (
    left === right || (left !== null && right !== null && left.every((text, index) => text === right[index]))
  );
}
