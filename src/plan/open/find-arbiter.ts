import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { inferIndexes, readUniqueIndexes, type UniqueIndex } from "../../postgres/catalog/unique-index.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import { bracketed, join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { OnConflict } from "../../sink/definitions/on-conflict.ts";

/** The unique index that decides whether a row conflicts, as the job names it; null where there is none. */
export async function findArbiter(
  tx: Transaction,
  relation: Relation,
  conflict: OnConflict,
): Promise<UniqueIndex | null> {
  const indexes = await readUniqueIndexes(tx, relation);
  const { constraint, target = [], where } = conflict;
  if (constraint !== undefined) return indexes.find((index) => index.constraint === constraint) ?? null;
  const names = target.filter((each) => typeof each === "string");
  if (names.length === target.length && where === undefined) {
    const exact = indexes.filter((index) => isMadeOf(index, names));
    return exact.find(({ isDeferrable }) => !isDeferrable) ?? exact[0] ?? null;
  }
  const inferred = await infer(tx, relation, targetOf(conflict));
  return indexes.find(({ name }) => inferred.includes(name)) ?? null;
}

function isMadeOf({ parts, predicate, isExclusion }: UniqueIndex, names: readonly string[]): boolean {
  const columns = new Set(parts.map(({ column }) => column));
  return (
    predicate === null &&
    !isExclusion &&
    columns.size === new Set(names).size &&
    names.every((name) => columns.has(name))
  );
}

function targetOf({ target = [], where }: OnConflict): Sql {
  const parts = target.map((each) =>
    typeof each === "string" ? raw(quoteIdentifier(each)) : bracketed(each as Sql),
  );
  const condition = where === undefined ? raw("") : sql` where ${bracketed(where as Sql)}`;
  return sql`(${join(parts)})${condition}`;
}

/** PostgreSQL knows which index an expression means; its error for none must not abort the transaction. */
async function infer(tx: Transaction, relation: Relation, target: Sql): Promise<readonly string[]> {
  await tx.query(sql`savepoint tidefill_infer`);
  try {
    return await inferIndexes(tx, qualifiedName(relation), target);
  } catch (error) {
    await tx.query(sql`rollback to savepoint tidefill_infer`);
    if (sqlstateOf(error) !== "42P10") throw error;
    return [];
  } finally {
    await tx.query(sql`release savepoint tidefill_infer`);
  }
}
