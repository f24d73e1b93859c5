import { alterations } from "../syntax/alterations.ts";
import { isAlwaysFree, isFreeChange } from "../syntax/free-change.ts";
import { wordsOf } from "../syntax/names.ts";
import type { ColumnDef, Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * PostgreSQL rewrites the table and all its indexes under a lock that blocks reads and writes. These changes
 * rewrite nothing, unless `using` computes a value:
 *
 * - `varchar` to a longer or unlimited `varchar`;
 * - `varchar` to `text`, and `text` to unlimited `varchar`;
 * - `numeric` to one with more digits at the same scale, or without limits;
 * - times and intervals to more, or unlimited, digits of a second;
 * - `cidr` to `inet`;
 * - `bit varying` to a longer or unlimited one.
 *
 * The SQL does not state the old type. Where the checks do not know it, every change is a finding, except one
 * to `inet` or to unlimited `bit varying`. Two changes are always findings: between `timestamp` and
 * `timestamptz` a rewrite depends on the session's time zone, and from `citext` on the indexes. Even a change
 * that rewrites nothing waits for its lock, and PostgreSQL refuses it while a view uses the column.
 *
 * ```sql
 * alter table app.orders alter column id type bigint;
 * ```
 *
 * Instead, add a column, keep both equal with a trigger, fill it with a job, and switch to it:
 *
 * ```sql
 * alter table app.orders add column id_new bigint;
 * ```
 */
export const changeColumnType: Rule = {
  code: "change-column-type",
  reason: "PostgreSQL rewrites the whole table and its indexes, and blocks reads and writes meanwhile.",
  safeForm:
    "Add a column of the new type, keep both equal with a trigger, fill it in batches, and switch to it.",
  find: (statement, { columnTypes }) =>
    alterations(statement, "AT_AlterColumnType").filter(({ table, part, definition }) => {
      if (definition === undefined || !("ColumnDef" in definition)) return true;
      const { ColumnDef: column } = definition;
      // Another collation keeps the rows, but rebuilds the column's indexes.
      if (column.collClause !== undefined || !keepsValues(column, part)) return true;
      const { typeName: to, raw_default: using } = column;
      if (to === undefined || (using === undefined && isAlwaysFree(to))) return false;
      return !isFreeChange(columnTypes.get(`${table}.${part}`), to);
    }),
};

/** Whether `using` is absent, or only casts the column to its new type. */
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
