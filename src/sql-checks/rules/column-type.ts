import { alterations } from "../syntax/alterations.ts";
import { isAlwaysFree, isFreeChange } from "../syntax/free-change.ts";
import { wordsOf } from "../syntax/names.ts";
import type { ColumnDef, Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * The table is written anew with all its indexes, under a lock against reading and writing. Free are, without a `using`
 * that computes: a longer or unlimited `varchar`; `varchar` to `text` and back to unlimited `varchar`; `numeric` to one
 * with more digits at the same scale, or without limits; more or unlimited digits of a second; `cidr` to `inet`; a
 * longer or unlimited `bit varying`. Since the old type does not stand in the SQL, every change is a finding unless the
 * caller tells the type of the column, but for those to `inet` and to unlimited `bit varying`. Between `timestamp` and
 * `timestamptz` it depends on the session's time zone, and from `citext` on indexes, so both are findings. Even a free
 * change waits for its lock, and views on the column forbid it.
 *
 * ```sql
 * alter table app.orders alter column id type bigint;
 * ```
 *
 * Instead, add a column, keep it equal by a trigger, fill it by a job, and go over to it:
 *
 * ```sql
 * alter table app.orders add column id_new bigint;
 * ```
 */
export const changeColumnType: Rule = {
  code: "change-column-type",
  reason: "PostgreSQL writes the whole table anew with its indexes, and nobody reads or writes it meanwhile.",
  safeForm:
    "Add a column of the new type, keep it equal by a trigger, fill it in batches, go over to it, and drop the old one.",
  find: (statement, { columnTypes }) =>
    alterations(statement, "AT_AlterColumnType").filter(({ table, part, definition }) => {
      if (definition === undefined || !("ColumnDef" in definition)) return true;
      const { ColumnDef: column } = definition;
      // Another collation keeps the rows, but builds the column's indexes anew.
      if (column.collClause !== undefined || !keepsValues(column, part)) return true;
      const { typeName: to, raw_default: using } = column;
      if (to === undefined || (using === undefined && isAlwaysFree(to))) return false;
      return !isFreeChange(columnTypes.get(`${table}.${part}`), to);
    }),
};

/** Whether `using` is absent, or says no more than that the column is to have its new type. */
function keepsValues({ raw_default: using, typeName }: ColumnDef, name: string | null): boolean {
  let value: Node | undefined = using;
  if (value === undefined) return true;
  if ("TypeCast" in value) {
    const { typeName: cast, arg } = value.TypeCast;
    const isSame = cast?.typmods === undefined && typeName?.typmods === undefined;
    if (!isSame || wordsOf(cast?.names).at(-1) !== wordsOf(typeName?.names).at(-1)) return false;
    value = arg;
  }
  if (value === undefined || !("ColumnRef" in value)) return false;
  const words = wordsOf(value.ColumnRef.fields);
  return words.length === 1 && words[0] === name;
}
