import { UsageError } from "../../errors.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import { type AddedColumn, withoutColumns } from "../added-column.ts";
import { exampleLiteral } from "../example-literal.ts";
import { type ExampleValue, exampleValue } from "../example-value.ts";
import { fillTemplate, type Holes } from "../fill-template.ts";
import { type JobFiles, namesOf, openHoles, withTodo } from "../job-files.ts";
import { looksPersonal } from "../looks-personal.ts";
import { columnInSql, inComment, listed, nameList, property, queryText, remark } from "../source-text.ts";
import { enumOf, isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";
import { createTableText, insertRowsText, schemaText } from "../test-schema.ts";

/**
 * The columns that a job fills: those named, else the newest one that may be null and whose values are free.
 * @throws UsageError
 */
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
    throw new UsageError(`${facts.name} has no writable column ${stranger}.`, {
      remedy: `It has: ${known.join(", ")}. To add one, name its type: --add ${stranger}:<type>`,
    });
  if (named.length > 0) return named;
  const free = writable.filter(({ name }) => !isTied(facts, name));
  const newest = free.findLast(({ isNullable }) => isNullable);
  if (newest !== undefined) return [newest.name];
  throw new UsageError(`No column of ${facts.name} looks like one to fill.`, {
    remedy: `Name one: --column ${free[0]?.name ?? "<column>"}   or add one: --add <column>:<type>`,
  });
}

type Values = ReadonlyMap<string, ExampleValue | null>;

/** What a row gets in each column; null where only the author knows. */
function valuesToFill(
  { facts, table }: Pick<DescribedTable, "facts" | "table">,
  columns: readonly string[],
  added: readonly AddedColumn[],
): Values {
  return new Map(
    columns.map((name) => {
      const one = added.find((each) => each.name === name);
      return [name, one === undefined ? null : exampleValue(one, facts, table)] as const;
    }),
  );
}

/** A job that fills columns by a transform, and adds those that are not there yet. */
export function fillFiles(
  job: string,
  described: DescribedTable,
  columns: readonly string[],
  added: readonly AddedColumn[],
): JobFiles {
  const values = valuesToFill(described, columns, added);
  return {
    job: withTodo(job, fillTemplate("fill.ts", jobHoles(job, described, values, added))),
    test: fillTemplate("fill.test.ts", testHoles(job, described, values, added)),
  };
}

function jobHoles(
  job: string,
  described: DescribedTable,
  values: Values,
  added: readonly AddedColumn[],
): Holes {
  const { exportName, table, facts } = described;
  const columns = [...values.keys()];
  const read = readOf(values);
  const pending = pendingOf(described, columns, values);
  const options = [`read: ${nameList(read, 10)}`, ...(pending === "" ? [] : [`pending: sql\`${pending}\``])];
  const used = 26 + exportName.length;
  const filled = columns.map((column) => `${property(column)}: ${values.get(column)?.text ?? "todo(row)"}`);
  const steps = added.map(
    ({ name, type }) => `addColumn(${exportName}, ${JSON.stringify(name)}, ${JSON.stringify(type)})`,
  );
  return {
    job,
    imports: [
      ...(added.length > 0 ? ["addColumn"] : []),
      ...["defineJob", "rowsOf"],
      ...(pending === "" ? [] : ["sql"]),
      "update",
    ].join(", "),
    tables: namesOf(described),
    does: inComment(
      `${added.length > 0 ? "Adds and fills" : "Fills"} ${columns.join(" and ")} of ${facts.name}.`,
    ),
    expand: steps.length === 0 ? null : listed(["[", "]"], steps, used),
    neverPending: pending === "",
    ...unread(facts, table.key, [...columns, ...read]),
    table: exportName,
    options: listed(["{", "}"], options, used),
    remarks: columns.flatMap((column) => remarks(facts, column, values.get(column) ?? null)),
    row: filled.some((each) => /\brow\b/.test(each)) ? "row" : "",
    values: listed(["{", "}"], filled, 26),
    columns: nameList(columns, used),
  };
}

function testHoles(
  job: string,
  described: DescribedTable,
  values: Values,
  added: readonly AddedColumn[],
): Holes {
  const { table, facts } = described;
  const columns = [...values.keys()];
  const literal = (name: string) =>
    exampleLiteral((table.columns[name] ?? "text").replace(/\?$/, ""), enumOf(facts, name));
  const row = [...new Set([...table.key, ...readOf(values)])].map(
    (name) => `${property(name)}: ${literal(name)}`,
  );
  const expected = columns.map((name) => `${property(name)}: ${values.get(name)?.inTest ?? literal(name)}`);
  const isNull = columns.map((name) => `${displayIdentifier(name)} is null`).join(" or ");
  // The job adds the other columns itself.
  const isThere = { ...described, facts: withoutColumns(facts, added) };
  const isOpen = [...values.values()].includes(null);
  return {
    job,
    schema: schemaText([...createTableText(isThere, null, true), insertRowsText(isThere, columns)]),
    ...openHoles(isOpen),
    row: listed(["{", "}"], row, 14),
    expected: listed(["{", "}"], expected, 50),
    unfilled: queryText(`select from ${facts.name} where ${isNull}`),
  };
}

function readOf(values: Values): readonly string[] {
  return [...new Set([...values.values()].flatMap((value) => value?.reads ?? []))];
}

/** True for a row until it is done; false for one that lacks what its value is made from. */
function pendingOf({ table }: DescribedTable, columns: readonly string[], values: Values): string {
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

/** The columns that the author may add to `read`: none is read by default. */
function unread({ relation }: TableFacts, key: readonly string[], known: readonly string[]): Holes {
  const names = relation.columns
    .map(({ name }) => name)
    .filter((name) => !key.includes(name) && !known.includes(name));
  const personal = names.filter((name) => looksPersonal(relation.name, name));
  return {
    unread: remark(names.filter((name) => !personal.includes(name))),
    unreadPersonal: remark(personal),
  };
}

function remarks(facts: TableFacts, column: string, value: ExampleValue | null): readonly string[] {
  if (value !== null) return [`An example: ${inComment(value.says)}. Write here what the column should get.`];
  if (facts.foreignKeyColumns.includes(column))
    return [`${inComment(column)} is a foreign key: its value must be that of a row of the other table.`];
  if (facts.tellingColumns.includes(column))
    return [`${inComment(column)} is unique or chooses the partition: each row needs a value of its own.`];
  return [];
}

/** Whether a made-up value would break what the column stands for. */
function isTied({ foreignKeyColumns, tellingColumns }: TableFacts, column: string): boolean {
  return foreignKeyColumns.includes(column) || tellingColumns.includes(column);
}
