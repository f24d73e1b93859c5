import type { KeyText } from "../../postgres/catalog/key.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { toArrayText } from "../../postgres/sql/text-array.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import type { RunKind, UndoLogKind } from "../runs/run.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** A run as an erasure sees it. */
export interface KeepingRun {
  readonly id: bigint;
  readonly job: string;
  readonly kind: RunKind;
  readonly isFinished: boolean;
  readonly undoLog: UndoLogKind;
  /** whether it has a table of other systems' answers */
  readonly hasAnswers: boolean;
  /** of its own undo log, or of the one that it undoes; empty where no log says what the run wrote */
  readonly parts: readonly ImagePart[];
}

/** All runs, the oldest first. */
export async function readKeepingRuns(tx: Transaction, schema: StoreSchema): Promise<KeepingRun[]> {
  const { rows } = await tx.query(sql`
    select run.id, run.job, run.kind, run.undo_log, run.answers, run.finished_at is not null as is_finished,
      coalesce(nullif(run.undo_parts, '[]'), of_run.undo_parts, '[]') as parts
    from ${schema.table("run")} as run
    left join ${schema.table("run")} as of_run on of_run.id = run.of_run
    order by run.id`);
  return rows.map((row) => ({
    id: BigInt(row.id ?? 0),
    job: row.job ?? "",
    kind: (row.kind ?? "run") as RunKind,
    isFinished: row.is_finished === "t",
    hasAnswers: row.answers === "plain" || row.answers === "encrypted",
    undoLog: (row.undo_log ?? "none") as UndoLogKind,
    parts: JSON.parse(row.parts ?? "[]") as readonly ImagePart[],
  }));
}

/** Records that these rows were erased, so that no undo or restored backup brings their values back. */
export async function addTombstones(
  tx: Transaction,
  schema: StoreSchema,
  table: string,
  keys: readonly KeyText[],
): Promise<void> {
  await tx.query(sql`
    insert into ${schema.table("erased")} (table_name, key)
    select ${table}, fresh.key::text[]
    from pg_catalog.unnest(${keys.map(toArrayText)}::text[]) as fresh(key)
    on conflict do nothing`);
}

/** Deletes the rejects of these runs that have one of the keys; returns how many. */
export async function removeRejectsOf(
  tx: Transaction,
  schema: StoreSchema,
  runs: readonly bigint[],
  keys: readonly KeyText[],
): Promise<number> {
  const { count } = await tx.query(sql`
    delete from ${schema.table("reject")}
    where run_id = any (${runs.map(String)}::bigint[])
      and key in (select sought::text[] from pg_catalog.unnest(${keys.map(toArrayText)}::text[]) as sought)`);
  return count;
}

/** Blanks the reasons of these runs' rejects that have one of the keys, not the keys; returns how many. */
export async function blankReasonsOf(
  tx: Transaction,
  schema: StoreSchema,
  runs: readonly bigint[],
  keys: readonly KeyText[],
): Promise<number> {
  const { count } = await tx.query(sql`
    update ${schema.table("reject")}
    set reason = ${blanked}
    where run_id = any (${runs.map(String)}::bigint[])
      and key in (select sought::text[] from pg_catalog.unnest(${keys.map(toArrayText)}::text[]) as sought)
      and reason <> ${blanked}`);
  return count;
}

const blanked = "erased";

/** The backup directories of all jobs except these, which are known to be about other tables. */
export async function backupsBut(
  tx: Transaction,
  schema: StoreSchema,
  jobs: readonly string[],
): Promise<string[]> {
  const { rows } = await tx.query(sql`
    select distinct directory
    from ${schema.table("backup")}
    where job <> all (${jobs}::text[])
    order by directory`);
  return rows.map(({ directory }) => directory ?? "");
}
