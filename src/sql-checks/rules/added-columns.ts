import { type AddedColumn, addedColumns, alterations } from "../alterations.ts";
import { callsIn } from "../functions.ts";
import { wordsOf } from "../names.ts";
import type { Rule, Sight } from "../rule.ts";
import type { ColumnDef, Constraint } from "../syntax.ts";

const serial = /^(small|big)?serial[248]?$/;

export const addColumnWithVolatileDefault: Rule = {
  code: "add-column-with-volatile-default",
  reason:
    "The default is computed for every row at once: PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm:
    "Add the column without a default, set the default by `alter column`, and fill the old rows in batches.",
  find: (statement) =>
    columnsWith(statement, ({ constraints }) =>
      constraints.some(
        ({ contype, raw_expr }) =>
          contype === "CONSTR_DEFAULT" && callsIn(raw_expr).some(({ isVolatile }) => isVolatile !== false),
      ),
    ),
};

export const addAutoIncrementingColumn: Rule = {
  code: "add-auto-incrementing-column",
  reason:
    "Every row is numbered at once: PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm:
    "Add a plain bigint column, set its default to the next value of a sequence, and number the old rows in batches.",
  find: (statement) =>
    columnsWith(
      statement,
      ({ column, constraints }) =>
        serial.test(typeOf(column)) || constraints.some(({ contype }) => contype === "CONSTR_IDENTITY"),
    ),
};

export const addStoredGeneratedColumn: Rule = {
  code: "add-stored-generated-column",
  reason:
    "Every row is computed at once: PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm: "Add a plain column, keep it right by a trigger, and fill the old rows in batches.",
  find: (statement) =>
    columnsWith(statement, ({ constraints }) =>
      constraints.some(
        ({ contype, generated_kind }) => contype === "CONSTR_GENERATED" && generated_kind === "s",
      ),
    ),
};

export const changeGeneratedExpression: Rule = {
  code: "change-generated-expression",
  reason:
    "If the column is stored, every row is computed at once: PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm:
    "Add a plain column, keep it right by a trigger, fill the old rows in batches, and go over to it.",
  find: (statement) => alterations(statement, "AT_SetExpression"),
};

export const addRequiredColumn: Rule = {
  code: "add-required-column",
  reason:
    "It fails as soon as the table has a row, and an application that does not know the column could insert none.",
  safeForm:
    "Add the column with a constant default; or without `not null`, fill it in batches, and require it later.",
  find: (statement) =>
    columnsWith(
      statement,
      ({ column, constraints }) =>
        !serial.test(typeOf(column)) &&
        constraints.some(({ contype }) => contype === "CONSTR_NOTNULL") &&
        !constraints.some(givesValue),
    ),
};

function columnsWith(
  statement: Parameters<Rule["find"]>[0],
  is: (added: AddedColumn) => boolean,
): readonly Sight[] {
  return addedColumns(statement)
    .filter(is)
    .map(({ table, column }) => ({ table, part: column.colname ?? null }));
}

/** Whether a column with this constraint has a value in rows that do not name it; `default null` gives none. */
function givesValue({ contype, raw_expr }: Constraint): boolean {
  if (contype !== "CONSTR_DEFAULT") return contype === "CONSTR_IDENTITY" || contype === "CONSTR_GENERATED";
  return raw_expr === undefined || !("A_Const" in raw_expr && raw_expr.A_Const.isnull === true);
}

function typeOf({ typeName }: ColumnDef): string {
  return wordsOf(typeName?.names).at(-1) ?? "";
}
