import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout } from "../../sink/images/images.ts";
import { holds } from "../../sink/images/restore.ts";
import type { HeapTables } from "../../source/table/heap-tables.ts";
import { HeapWalk } from "../../source/table/heap-walk.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { type Batch, type BatchOutcome, type BatchWork, nothingDone } from "../batch/batch-work.ts";
import { indexLog, layoutsOf, needsLookup } from "../undo-log/part-layout.ts";
import { note, settle } from "./compared-scope.ts";

/** Which rows that the job no longer finds the undo log of a run helps to compare. */
export type LogUse = "moved rows" | "rows out of scope";

/** How the undo log of a run helps to compare its rows; null if the job finds all or the log cannot help. */
export function useOfLog({ undoLog, undoParts }: Run, table: OpenedTable): LogUse | null {
  const [part, ...rest] = undoParts;
  if (part === undefined || rest.length > 0 || (undoLog !== "plain" && undoLog !== "encrypted")) return null;
  // An encrypted log has its keys in plain text, but not its values. A row without a key may have a new
  // address.
  if (part.kind === "d" && part.into !== null && part.into.key !== null) return "moved rows";
  return part.kind === "u" && undoLog === "plain" && mayLeaveScope(table, part.values)
    ? "rows out of scope"
    : null;
}

/**
 * Whether writing these columns could make the job's `where` false. Goes by its words; when in doubt true.
 */
export function mayLeaveScope(
  { definition: { where, table }, relation }: OpenedTable,
  written: readonly string[],
): boolean {
  if (where === null) return false;
  const words = where.toString().toLowerCase();
  const isComputed = relation.columns.some(({ isGenerated }) => isGenerated);
  return isComputed || [...written, table.name].some((name) => words.includes(name.toLowerCase()));
}

const alias = "tidefill_undo";
const longestIndexMs = 3_600_000;

/** The batch of a verify that compares a table, and after it the undo log of the compared run. */
export class LogComparison implements BatchWork {
  readonly walk: HeapTables;
  readonly #table: BatchWork;
  readonly #isCompared: Sql;
  readonly #differs: Sql;
  readonly #keys: Sql;

  private constructor(walk: HeapTables, table: BatchWork, layout: ImageLayout, conditions: Conditions) {
    this.walk = walk;
    this.#table = table;
    this.#isCompared = conditions.isCompared;
    this.#differs = conditions.differs;
    this.#keys = layout.keyTexts(alias);
  }

  /** `work` compares the table, whose blocks are `heap`. */
  static async open(
    { db, store }: Session,
    { run, use, source }: { readonly run: Run; readonly use: LogUse; readonly source: OpenedTable },
    heap: HeapTables,
    work: BatchWork,
  ): Promise<LogComparison> {
    const parts = run.undoParts;
    const log = store.undoLogs.table(run.id);
    return db.transaction(
      async (tx) => {
        const [found] = await layoutsOf(tx, parts);
        if (found === undefined) throw new Error(`Run ${run.id} has an undo log without parts.`);
        const { layout, into } = found;
        if (use === "rows out of scope" && needsLookup(run)) await indexLog(tx, store, run, parts);
        const conditions =
          use === "moved rows" && into !== null
            ? ofMoved(into)
            : ofOutOfScope(layout, source, run.sweep > 0 ? log : null);
        return new LogComparison(heap.and(new HeapWalk(log, alias)), work, layout, conditions);
      },
      { statementMs: longestIndexMs, wholeMs: longestIndexMs },
    );
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const { bounds, clock } = batch;
    if (!this.walk.isInLast(bounds)) return this.#table.do(tx, batch);
    // Look each row up by its key: any other join could scan the whole table for each batch.
    await tx.query(raw("set local enable_hashjoin = off; set local enable_mergejoin = off"));
    const look = () => clock.during("read", () => this.#look(tx, batch));
    const first = await look();
    if (first.conflicted === 0) return first;
    await clock.during("waiting", settle);
    return look();
  }

  async #look(tx: Transaction, { bounds }: Batch): Promise<BatchOutcome> {
    const { from, within } = this.walk.place(bounds);
    const { rows } = await tx.query(sql`select pg_catalog.count(*) as compared,
        pg_catalog.json_agg(pg_catalog.json_build_array(${this.#keys})) filter (where ${this.#differs}) as differing
      from ${from}
      where ${within}
        and ${this.#isCompared}`);
    const keys = JSON.parse(rows[0]?.differing ?? "[]") as readonly string[][];
    return {
      ...nothingDone,
      read: Number(rows[0]?.compared ?? 0),
      conflicted: keys.length,
      notes: keys.map(note),
    };
  }
}

interface Conditions {
  readonly isCompared: Sql;
  readonly differs: Sql;
}

/** All rows that a moved row became must exist. */
function ofMoved(into: ImageLayout): Conditions {
  const elements = into.key.columns.map((_, index) => `(became.key ->> ${index})`);
  const differs = sql`exists (
          select from pg_catalog.jsonb_array_elements(${raw(alias)}.target_keys) as became(key)
          where not exists (
            select from ${into.table} as ${raw(into.key.alias)}
            where ${into.key.equals(elements)}))`;
  return { isCompared: sql`true`, differs };
}

/** A row that the job no longer finds must hold what the run wrote last. A deleted row is no difference. */
function ofOutOfScope(
  layout: ImageLayout,
  { definition: { where } }: OpenedTable,
  swept: Sql | null,
): Conditions {
  const row = sql`select from ${layout.table} as ${raw(layout.key.alias)}
          where ${layout.key.equals(layout.keyNames(alias))}`;
  const isOut = where === null ? sql`false` : sql`${bracketed(where)} is not true`;
  const same = layout.keyNames().map((key) => raw(`later.${key} = ${alias}.${key}`));
  const isLast =
    swept === null
      ? sql`true`
      : sql`not exists (
          select from ${swept} as later
          where ${join(same, " and ")}
            and later.sweep > ${raw(alias)}.sweep)`;
  return {
    isCompared: sql`${isLast}
        and exists (
          ${row}
            and ${isOut})`,
    differs: sql`exists (
          ${row}
            and ${isOut}
            and not ${bracketed(holds(layout, "new"))})`,
  };
}
