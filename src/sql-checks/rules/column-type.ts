import { alterations } from "../syntax/alterations.ts";
import { isAlwaysFree, isFreeChange } from "../syntax/free-change.ts";
import { wordsOf } from "../syntax/names.ts";
import type { ColumnDef, Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

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
