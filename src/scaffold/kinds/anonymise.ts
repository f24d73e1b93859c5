import { RefusedError, UsageError } from "../../errors.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import { fillTemplate } from "../fill-template.ts";
import { type JobFiles, namesOf } from "../job-files.ts";
import { looksPersonal } from "../looks-personal.ts";
import { columnInSql, inComment, listed, member, property, queryText, remark } from "../source-text.ts";
import { isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";
import { createTableText, insertRowsText, schemaText } from "../test-schema.ts";
import { valueKind } from "../value-kind.ts";
import { columnsToFill } from "./fill.ts";

/** The columns whose values go: those named, else those that look like personal data. @throws UsageError */
export function columnsToAnonymise(
  facts: TableFacts,
  key: readonly string[],
  named: readonly string[],
): readonly string[] {
  const personalKey = key.find((column) => looksPersonal(facts.relation.name, column));
  if (personalKey !== undefined)
    throw new RefusedError(
      "key-is-not-personal",
      `${facts.name}.${personalKey} looks like personal data, but is the key by which rows are found: keys are kept and shown.`,
      "Order the rows by another unique key, a number or a uuid.",
    );
  if (named.length > 0) return columnsToFill(facts, key, named);
  const personal = facts.relation.columns
    .filter((column) => !isReadOnly(column) && !key.includes(column.name))
    .map(({ name }) => name)
    .filter((name) => looksPersonal(facts.relation.name, name));
  if (personal.length > 0) return personal;
  throw new UsageError(`No column of ${facts.name} looks like personal data by its name.`, {
    remedy: "Name those that are: --column full_name --column note",
  });
}

/** A job that overwrites values of persons: of no row until the author says which. */
export function anonymiseFiles(job: string, described: DescribedTable, columns: readonly string[]): JobFiles {
  const { exportName, table, facts } = described;
  const found = facts.relation.columns.filter((column) => columns.includes(column.name));
  const replaced = found.map((column) => ({ column, by: replacement(column, table.key) }));
  const known = replaced.filter(({ by }) => by !== null);
  const open = replaced.filter(({ by }) => by === null).map(({ column }) => column.name);
  if (known.length === 0)
    throw new UsageError(
      `There is no known replacement for the values of ${open.join(", ")} of ${facts.name}.`,
      {
        remedy: "Write the job by hand: update(…, { column: sql`…` }).",
      },
    );
  const values = known.map(({ column, by }) => `${property(column.name)}: sql\`${by}\``);
  const list = (names: readonly string[]) => names.map(displayIdentifier).join(", ");
  return {
    job: fillTemplate("anonymise.ts", {
      job,
      tables: namesOf(described),
      does: inComment(`Anonymises ${columns.join(", ")} of ${facts.name}.`),
      anonymous: listed(["{", "}"], values, 110),
      table: exportName,
      pending: known.map(({ column, by }) => differs(column, by === "null")).join("\n  or "),
      open: remark(open),
    }),
    test: fillTemplate("anonymise.test.ts", {
      job,
      schema: schemaText([...createTableText(described, null, true), insertRowsText(described, [])]),
      values: queryText(`select ${list(columns)} from ${facts.name} order by ${list(table.key)}`),
    }),
  };
}

/** The condition that a value must still be replaced. */
function differs(column: Column, byNull: boolean): string {
  const name = columnInSql(column.name);
  if (byNull) return `${name} is not null`;
  const anonymous = `\${${member("anonymous", column.name)}}`;
  return `${name}${comparable(column)} is distinct from ${anonymous}${comparable(column)}`;
}

/** An expression that is the same each time and reveals nothing; null where the type is not known. */
function replacement(column: Column, key: readonly string[]): string | null {
  if (column.isNullable) return "null";
  if (column.isArray) return "'{}'";
  const row = key.map(columnInSql).join(" || '-' || ");
  switch (column.baseName) {
    case "text":
    case "varchar":
    case "bpchar": {
      const isMail = /mail/i.test(column.name);
      const text = isMail ? `'person-' || ${row} || '@anonymised.invalid'` : `'anonymised ' || ${row}`;
      const limit = /\((\d+)\)$/.exec(column.displayType)?.[1];
      return limit === undefined ? text : `left(${text}, ${limit})`;
    }
    case "date":
    case "timestamp":
    case "timestamptz":
      return "'1900-01-01'";
    case "bool":
      return "false";
    case "uuid":
      return "'00000000-0000-0000-0000-000000000000'";
    case "inet":
    case "cidr":
      return "'0.0.0.0'";
    case "json":
    case "jsonb":
      return "'{}'";
    case "bytea":
      return "''";
    default:
      return /^(int[248]|numeric|float[48])$/.test(column.baseName) ? "0" : null;
  }
}

// json has no equality.
function comparable(column: Column): string {
  return valueKind(column.baseName) === "json" ? "::text" : "";
}
