import { UsageError } from "../../errors.ts";
import type { BoundJob } from "../../job/definition/define-job.ts";
import { type Bounds, Key } from "../../postgres/catalog/key.ts";
import { findKeyIndexes, readKey } from "../../postgres/catalog/key-index.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { readColumnFills } from "../../postgres/catalog/unique-index.ts";
import { bracketed, quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { Arbiter, type OpenedConflict } from "../../sink/conflict/arbiter.ts";
import { DeleteSink } from "../../sink/definitions/delete-from.ts";
import { InsertSink, SqlInsertSink } from "../../sink/definitions/insert.ts";
import { MoveSink, SqlMoveSink } from "../../sink/definitions/move.ts";
import type { OnConflict } from "../../sink/definitions/on-conflict.ts";
import { SqlUpdateSink, UpdateSink } from "../../sink/definitions/update.ts";
import { rowAddress } from "../../sink/images/images.ts";
import { DeleteBySql, DeleteRows } from "../../sink/write/delete-rows.ts";
import type { KeptColumns } from "../../sink/write/incoming.ts";
import { InsertBySql } from "../../sink/write/insert-by-sql.ts";
import { InsertRows, type StillPending } from "../../sink/write/insert-rows.ts";
import { InsertStatement } from "../../sink/write/insert-statement.ts";
import { MoveBySql, MoveRows } from "../../sink/write/move-rows.ts";
import { RowEncoder } from "../../sink/write/row-encoder.ts";
import type { RowSink, SqlSink } from "../../sink/write/sink.ts";
import { unnested } from "../../sink/write/unnested.ts";
import { UpdateBySql } from "../../sink/write/update-by-sql.ts";
import { UpdateRows } from "../../sink/write/update-rows.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import { findArbiter } from "./find-arbiter.ts";
import type { OpenedWrite } from "./opened-job.ts";
import type { AnySink } from "./resolve-job.ts";

/** Opens a job's sink with the tables that it reads and inserts into. */
export async function openWrite(
  tx: Transaction,
  bound: BoundJob,
  sink: AnySink,
  { table, into }: { readonly table: OpenedTable | null; readonly into: Relation | null },
): Promise<OpenedWrite> {
  const { transform } = bound;
  if (transform === null)
    return { kind: "sql", sink: await openSqlSink(tx, sink, requireTable(table), into) };
  return { kind: "rows", sink: await openRowSink(tx, sink, table, into), transform };
}

async function openRowSink(
  tx: Transaction,
  sink: AnySink,
  table: OpenedTable | null,
  into: Relation | null,
): Promise<RowSink> {
  if (sink instanceof InsertSink) {
    const { insert, columns } = await openInsert(tx, sink, requireRelation(into));
    const encoder = new RowEncoder(sink.table.columns, sink.computed);
    const [computed, kept] = [columns.slice(0, sink.computed.length), columns.slice(sink.computed.length)];
    return new InsertRows(computed, encoder, insert, {
      stillPending: sink.onConflict === null ? stillPending(table) : null,
      kept: kept.length === 0 ? null : keptFrom(requireTable(table), kept),
    });
  }
  const { relation, key, definition, versions } = requireTable(table);
  if (sink instanceof UpdateSink) {
    const types = { ...definition.table.columns, ...sink.table.columns };
    const { pending } = definition;
    return new UpdateRows(relation, key, types, sink.columns, {
      pending,
      isByVersion: versions !== undefined,
    });
  }
  if (sink instanceof DeleteSink) return new DeleteRows(relation, key);
  if (sink instanceof MoveSink) {
    const encoder = new RowEncoder(sink.into.table.columns, sink.into.computed);
    const target = await moveTarget(tx, sink, requireRelation(into));
    return new MoveRows(relation, key, target, encoder, await TriggerGuard.open(tx, relation, ["delete"]));
  }
  throw unfit();
}

async function openSqlSink(
  tx: Transaction,
  sink: AnySink,
  { relation, key, definition, versions }: OpenedTable,
  into: Relation | null,
): Promise<SqlSink> {
  const { pending } = definition;
  if (sink instanceof SqlUpdateSink) {
    const guard = await TriggerGuard.open(tx, relation, ["update"]);
    const updates = versions?.updates ?? null;
    return new UpdateBySql(relation, key, sink.expressions, pending, { guard, updates });
  }
  if (sink instanceof DeleteSink)
    return new DeleteBySql(relation, key, await TriggerGuard.open(tx, relation, ["delete"]));
  if (sink instanceof SqlMoveSink) {
    return new MoveBySql(
      relation,
      key,
      await moveTarget(tx, sink, requireRelation(into)),
      sink.into.expressions,
      await TriggerGuard.open(tx, relation, ["delete"]),
    );
  }
  if (sink instanceof SqlInsertSink) {
    const { insert, columns } = await openInsert(tx, sink, requireRelation(into));
    const from = { relation, key, pending: sink.onConflict === null ? pending : null };
    return new InsertBySql(from, columns, sink.expressions, insert);
  }
  throw unfit();
}

async function openInsert(tx: Transaction, sink: InsertSink<unknown> | SqlInsertSink, relation: Relation) {
  const columns = columnsOf(relation, sink.columns);
  const upserts = sink.onConflict?.do === "update";
  const insert = new InsertStatement({
    relation,
    columns,
    key: await keyOfInserted(tx, relation, sink.table.key),
    conflict: await openConflict(tx, sink.onConflict, relation, columns),
    hasReturningOld: await hasReturningOld(tx),
    overridesIdentity: sink.overridesIdentity,
    guard: await TriggerGuard.open(tx, relation, upserts ? ["insert", "update"] : ["insert"]),
  });
  return { columns, insert };
}

async function openConflict(
  tx: Transaction,
  rule: OnConflict | null,
  relation: Relation,
  columns: readonly Column[],
): Promise<OpenedConflict | null> {
  if (rule === null) return null;
  const index = await findArbiter(tx, relation, rule);
  if (index === null) throw unfit();
  const fills = await readColumnFills(tx, relation);
  return { rule, arbiter: new Arbiter(index, columns, relation.columns, fills) };
}

async function moveTarget(tx: Transaction, { into }: MoveSink<unknown> | SqlMoveSink, relation: Relation) {
  const key = await keyOfInserted(tx, relation, into.table.key);
  const { overridesIdentity } = into;
  const kept = into instanceof InsertSink ? columnsOf(relation, into.kept) : [];
  return { relation, key, columns: columnsOf(relation, into.columns), kept, overridesIdentity };
}

/** Finds an inserted row again: by the description's key where it is usable, otherwise by address. */
async function keyOfInserted(tx: Transaction, relation: Relation, key: readonly string[]): Promise<Key> {
  const isUsable = await isUsableKey(tx, relation, key);
  return isUsable ? readKey(tx, relation, key) : new Key(rowAddress, quoteIdentifier(relation.name));
}

/** Whether an inserted row can be found again by these columns. */
export async function isUsableKey(
  tx: Transaction,
  relation: Relation,
  key: readonly string[],
): Promise<boolean> {
  const [index] = key.length === 0 ? [] : await findKeyIndexes(tx, relation, key);
  return index !== undefined && ["none", "other-order"].includes(index.fault);
}

/** Columns of the batch's rows, which the batch has locked, so they are what the transform has seen. */
function keptFrom(
  { relation, key }: OpenedTable,
  columns: readonly Column[],
): (bounds: Bounds) => KeptColumns {
  const names = key.columns.map((_, index) => `tidefill_new.key_${index + 1}`);
  return (bounds) => ({
    columns,
    values: columns.map(({ name }) => `${key.alias}.${quoteIdentifier(name)}`),
    from: sql`${qualifiedName(relation)} as ${raw(key.alias)}`,
    where: sql`${key.equals(names)} and ${key.within(bounds)}`,
    keyWidth: names.length,
  });
}

/** Counts the rows just inserted from that the job would find, and insert, again. */
function stillPending(table: OpenedTable | null): StillPending | null {
  const pending = table?.definition.pending ?? null;
  if (table === null || pending === null) return null;
  const { key, relation } = table;
  return async (tx, bounds, keys) => {
    const names = key.columns.map((_, index) => `tidefill_done.key_${index + 1}`);
    const columns = key.columns.map((_, index) => `key_${index + 1}`).join(", ");
    const { rows } = await tx.query(sql`select pg_catalog.count(*) as rows
      from ${qualifiedName(relation)} as ${raw(key.alias)},
        rows from (${unnested(keys, names.length)}) as tidefill_done(${raw(columns)})
      where ${key.equals(names)}
        and ${key.within(bounds)}
        and ${bracketed(pending)}`);
    return Number(rows[0]?.rows ?? 0);
  };
}

function columnsOf(relation: Relation, names: readonly string[]): Column[] {
  return names.flatMap((name) => relation.columns.find((column) => column.name === name) ?? []);
}

function requireTable(table: OpenedTable | null): OpenedTable {
  if (table === null) throw unfit();
  return table;
}

function requireRelation(into: Relation | null): Relation {
  if (into === null) throw unfit();
  return into;
}

function unfit(): UsageError {
  return new UsageError("The job's source and sink do not fit each other.");
}
