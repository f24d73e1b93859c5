import { UsageError } from "../../errors.ts";
import { jobText } from "../job-text.ts";
import { columnInSql, listed, nameList, property } from "../source-text.ts";
import { isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";

/** The columns that a job fills: those named, else the newest that may be null. @throws UsageError */
export function columnsToFill(
  facts: TableFacts,
  key: readonly string[],
  named: readonly string[],
): readonly string[] {
  const { columns } = facts.relation;
  const writable = columns.filter((column) => !isReadOnly(column) && !key.includes(column.name));
  const known = writable.map(({ name }) => name);
  const stranger = named.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new UsageError(`${facts.name} has no column ${stranger} that could be written.`, {
      remedy: `It has: ${known.join(", ")}. A column that is not there yet is added by a step: expand: [addColumn(…)].`,
    });
  if (named.length > 0) return named;
  const newest = writable.findLast(({ isNullable }) => isNullable);
  if (newest !== undefined) return [newest.name];
  throw new UsageError(`No column of ${facts.name} may be null, so none looks as if it were to be filled.`, {
    remedy: `Name it: --column ${known[0] ?? "<column>"}`,
  });
}

/** A job that fills columns by a transform. */
export function fillText(name: string, described: DescribedTable, columns: readonly string[]): string {
  const { exportName, table, facts } = described;
  const nullable = columns.filter((column) => table.columns[column]?.endsWith("?"));
  const read = Object.keys(table.columns).filter(
    (column) => ![...table.key, ...columns, ...table.personalData].includes(column),
  );
  const pending = nullable.map((column) => `${columnInSql(column)} is null`).join(" or ");
  const values = columns.map((column) => `${property(column)}: todo(row)`);
  const options = [
    `read: ${nameList(read, { indent: 4, used: 10 })}`,
    ...(pending === "" ? [] : [`pending: sql\`${pending}\``]),
  ];
  const place = { indent: 2, used: 26 + exportName.length };
  return jobText({
    name,
    maker: "defineJob",
    imports: ["rowsOf", ...(pending === "" ? [] : ["sql"]), "update"],
    tables: [described],
    says: `Fills ${columns.join(" and ")} of ${facts.name}.`,
    members: [
      ...(pending === ""
        ? ["// If something in a row tells that it is still to be done, say so: pending: sql`…`."]
        : []),
      `source: rowsOf(${exportName}, ${listed(["{", "}"], options, place)}),`,
      `transform: (row) => (${listed(["{", "}"], values, { indent: 2, used: 26 })}),`,
      `sink: update(${exportName}, ${nameList(columns, place)}),`,
    ],
  });
}
