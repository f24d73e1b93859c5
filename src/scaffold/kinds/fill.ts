import { UsageError } from "../../errors.ts";
import type { AddedColumn } from "../added-column.ts";
import { type ExampleValue, exampleValue } from "../example-value.ts";
import { jobText } from "../job-text.ts";
import { looksPersonal } from "../looks-personal.ts";
import { columnInSql, inComment, listed, nameList, property } from "../source-text.ts";
import { isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";

/** The columns that a job fills: those named, else the newest that may be null and whose values are free. @throws UsageError */
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
      remedy: `It has: ${known.join(", ")}. To add one, name its type: --add ${stranger}:<type>`,
    });
  if (named.length > 0) return named;
  const free = writable.filter(({ name }) => !isTied(facts, name));
  const newest = free.findLast(({ isNullable }) => isNullable);
  if (newest !== undefined) return [newest.name];
  throw new UsageError(`No column of ${facts.name} looks as if it were to be filled.`, {
    remedy: `Name one: --column ${free[0]?.name ?? "<column>"}   or add one: --add <column>:<type>`,
  });
}

/** What a row gets in each column; null where only the author knows. */
export function valuesToFill(
  { facts, table }: Pick<DescribedTable, "facts" | "table">,
  columns: readonly string[],
  added: readonly AddedColumn[],
): ReadonlyMap<string, ExampleValue | null> {
  return new Map(
    columns.map((name) => {
      const one = added.find((each) => each.name === name);
      return [name, one === undefined ? null : exampleValue(one, facts, table)] as const;
    }),
  );
}

/** A job that fills columns by a transform, and adds those that are not there yet. */
export function fillText(
  name: string,
  described: DescribedTable,
  columns: readonly string[],
  added: readonly AddedColumn[] = [],
): string {
  const { exportName, table, facts } = described;
  const values = valuesToFill(described, columns, added);
  const read = readOf(values);
  const pending = pendingOf(described, columns, values);
  const options = [
    `read: ${nameList(read, { indent: 4, used: 10 })}`,
    ...(pending === "" ? [] : [`pending: sql\`${pending}\``]),
  ];
  const place = { indent: 2, used: 26 + exportName.length };
  const filled = columns.map((column) => `${property(column)}: ${values.get(column)?.text ?? "todo(row)"}`);
  const row = filled.some((each) => /\brow\b/.test(each)) ? "row" : "";
  const steps = added.map(
    (each) => `addColumn(${exportName}, ${JSON.stringify(each.name)}, ${JSON.stringify(each.type)})`,
  );
  return jobText({
    name,
    maker: "defineJob",
    imports: [
      ...(added.length > 0 ? ["addColumn"] : []),
      "rowsOf",
      ...(pending === "" ? [] : ["sql"]),
      "update",
    ],
    tables: [described],
    says: `${added.length > 0 ? "Adds and fills" : "Fills"} ${columns.join(" and ")} of ${facts.name}.`,
    members: [
      ...(steps.length > 0 ? [`expand: ${listed(["[", "]"], steps, place)},`] : []),
      ...(pending === ""
        ? ["// If something in a row tells that it is still to be done, say so: pending: sql`…`."]
        : []),
      ...unread(facts, table.key, [...columns, ...read]),
      `source: rowsOf(${exportName}, ${listed(["{", "}"], options, place)}),`,
      ...columns.flatMap((column) => remarks(facts, column, values.get(column) ?? null)),
      `transform: (${row}) => (${listed(["{", "}"], filled, { indent: 2, used: 26 })}),`,
      `sink: update(${exportName}, ${nameList(columns, place)}),`,
    ],
  });
}

function readOf(values: ReadonlyMap<string, ExampleValue | null>): readonly string[] {
  return [...new Set([...values.values()].flatMap((value) => value?.reads ?? []))];
}

/** True of a row until it is done: one that lacks what its value is made from has nothing to be done. */
function pendingOf(
  { table }: DescribedTable,
  columns: readonly string[],
  values: ReadonlyMap<string, ExampleValue | null>,
): string {
  const parts = columns
    .filter((column) => table.columns[column]?.endsWith("?"))
    .map((column) => {
      const needs = (values.get(column)?.reads ?? []).filter((each) => table.columns[each]?.endsWith("?"));
      return [
        `${columnInSql(column)} is null`,
        ...needs.map((each) => `${columnInSql(each)} is not null`),
      ].join(" and ");
    });
  const several = parts.length > 1;
  return parts.map((part) => (several && part.includes(" and ") ? `(${part})` : part)).join(" or ");
}

/** What the author may add to `read`, so that no column is read only because it is there. */
function unread(facts: TableFacts, key: readonly string[], known: readonly string[]): readonly string[] {
  const others = facts.relation.columns
    .map(({ name }) => name)
    .filter((name) => !key.includes(name) && !known.includes(name));
  const personal = others.filter((name) => looksPersonal(facts.relation.name, name));
  const plain = others.filter((name) => !personal.includes(name));
  return [
    ...(plain.length === 0
      ? []
      : [`// Name in \`read\` what the transform needs. There are also: ${inComment(plain.join(", "))}.`]),
    ...(personal.length === 0
      ? []
      : [
          `// By their names about persons, so a job that reads them keeps an encrypted undo log: ${inComment(personal.join(", "))}.`,
        ]),
  ];
}

function remarks(facts: TableFacts, column: string, value: ExampleValue | null): readonly string[] {
  if (value !== null) return [`// An example: ${inComment(value.says)}. Say here what it should get.`];
  if (facts.foreignKeyColumns.includes(column))
    return [`// ${inComment(column)} is a foreign key: what it gets must be a row of the other table.`];
  if (facts.tellingColumns.includes(column))
    return [`// ${inComment(column)} is unique or tells the partition: each row needs a value of its own.`];
  return [];
}

/** Whether a value that somebody has made up would break what the column stands for. */
function isTied({ foreignKeyColumns, tellingColumns }: TableFacts, column: string): boolean {
  return foreignKeyColumns.includes(column) || tellingColumns.includes(column);
}
