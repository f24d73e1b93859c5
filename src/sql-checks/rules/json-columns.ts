import { addedColumns, alterations } from "../syntax/alterations.ts";
import { nameOf, wordsOf } from "../syntax/names.ts";
import type { ColumnDef, Node } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";

/**
 * PostgreSQL has no equality for `json`. `select distinct`, `group by` and `union` over the column fail, even
 * in queries that are older than the column.
 *
 * ```sql
 * alter table app.users add column settings json;
 * ```
 *
 * Instead:
 *
 * ```sql
 * alter table app.users add column settings jsonb;
 * ```
 */
export const jsonColumn: Rule = {
  code: "json-column",
  reason: "PostgreSQL cannot compare `json`: `select distinct`, `group by` and `union` over the column fail.",
  safeForm: "Make it `jsonb`.",
  sparesNoTable: true,
  find: (statement) =>
    columnsIn(statement).flatMap(({ table, column }): readonly Match[] =>
      wordsOf(column.typeName?.names).at(-1) === "json" ? [{ table, part: column.colname ?? null }] : [],
    ),
};

function columnsIn(
  statement: Node,
): readonly { readonly table: string | null; readonly column: ColumnDef }[] {
  if ("CreateStmt" in statement) {
    const { relation, tableElts = [] } = statement.CreateStmt;
    return tableElts.flatMap((node) =>
      "ColumnDef" in node ? [{ table: nameOf(relation), column: node.ColumnDef }] : [],
    );
  }
  const retyped = alterations(statement, "AT_AlterColumnType").flatMap(({ table, part, definition }) =>
    definition !== undefined && "ColumnDef" in definition
      ? [{ table, column: { ...definition.ColumnDef, ...(part === null ? {} : { colname: part }) } }]
      : [],
  );
  return [...addedColumns(statement), ...retyped];
}
