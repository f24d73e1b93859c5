import { addedColumns, constraintsOf } from "../syntax/alterations.ts";
import { nameOf, wordsOf } from "../syntax/names.ts";
import type { ColumnDef, Node } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";

const narrow = /^(int[24]|integer|smallint|(small)?serial|serial[24])$/;

/**
 * The numbers of an `integer` end at 2,147,483,647, those of a `smallint` at 32,767. Then every insert fails,
 * and widening the column rewrites the whole table.
 *
 * ```sql
 * create table app.events (id serial primary key);
 * ```
 *
 * Instead:
 *
 * ```sql
 * create table app.events (id bigint generated always as identity primary key);
 * ```
 */
export const narrowPrimaryKey: Rule = {
  code: "narrow-primary-key",
  reason: "Inserts fail after 2,147,483,647 (smallint: 32,767), and widening rewrites the whole table.",
  safeForm: "Make the key a bigint.",
  sparesNoTable: true,
  find: (statement) => {
    const added = addedColumns(statement).filter(({ column }) => isKey(column, []));
    return [...added.map(({ table, column }) => ({ table, column })), ...created(statement)].flatMap(
      ({ table, column }): readonly Match[] =>
        narrow.test(wordsOf(column.typeName?.names).at(-1) ?? "")
          ? [{ table, part: column.colname ?? null }]
          : [],
    );
  },
};

/** The only column of the primary key of a table that a statement creates. */
function created(statement: Node): readonly { readonly table: string | null; readonly column: ColumnDef }[] {
  if (!("CreateStmt" in statement)) return [];
  const { relation, tableElts = [] } = statement.CreateStmt;
  const key = tableElts.flatMap((node) =>
    "Constraint" in node && node.Constraint.contype === "CONSTR_PRIMARY" ? wordsOf(node.Constraint.keys) : [],
  );
  return tableElts
    .flatMap((node) => ("ColumnDef" in node ? [node.ColumnDef] : []))
    .filter((column) => isKey(column, key))
    .map((column) => ({ table: nameOf(relation), column }));
}

function isKey(column: ColumnDef, key: readonly string[]): boolean {
  if (key.length === 1 && key[0] === column.colname) return true;
  return constraintsOf(column).some(({ contype }) => contype === "CONSTR_PRIMARY");
}
