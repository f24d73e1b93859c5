import type { Column } from "../postgres/catalog/relation.ts";
import { displayIdentifier } from "../postgres/sql/sql.ts";
import { isKnownType } from "./describe-table.ts";
import { exampleInSql } from "./example-literal.ts";
import { inTemplate } from "./source-text.ts";
import type { TableFacts } from "./table-facts.ts";
import type { DescribedTable } from "./tables-file.ts";

/** The schema of a job's test, as the text of a template literal. */
export function schemaText(statements: readonly string[]): string {
  return [...new Set(statements)].map(inTemplate).join("\n");
}

/** Statements that create a described table as a test needs it: enums, columns, defaults and unique constraints. */
export function createTableText(
  { table, facts }: DescribedTable,
  unique: readonly string[] | null,
  isRead: boolean,
): readonly string[] {
  const { relation } = facts;
  const columns = relation.columns
    .filter(({ name }) => Object.hasOwn(table.columns, name))
    .map((column) => columnText(column, facts, isRead));
  const keys = [
    ...(table.key.length === 0 ? [] : [`primary key (${named(table.key)})`]),
    ...(unique === null || unique.join() === table.key.join() ? [] : [`unique (${named(unique)})`]),
  ];
  const schema = facts.isVisible ? [] : [`create schema ${displayIdentifier(relation.schema)};`];
  const lines = [...columns, ...keys].map((line) => `  ${line}`).join(",\n");
  const enums = [...facts.enums.values()].flatMap(({ statements }) => statements);
  return [...schema, ...enums, `create table ${facts.name} (\n${lines}\n);`];
}

/** A hundred rows, with null in the columns that the job fills. */
export function insertRowsText({ table, facts }: DescribedTable, left: readonly string[]): string {
  const columns = facts.relation.columns.filter(
    ({ name, isNullable, isIdentityAlways }) =>
      Object.hasOwn(table.columns, name) && !isIdentityAlways && !(isNullable && left.includes(name)),
  );
  if (columns.length === 0) return `insert into ${facts.name}\nselect\nfrom generate_series(1, 100) g;`;
  const values = columns.map(({ name, type }) =>
    exampleInSql(name, table.columns[name] ?? "text", facts.enums.get(type)),
  );
  return [
    `insert into ${facts.name} (${named(columns.map(({ name }) => name))})`,
    `select ${values.join(", ")}`,
    "from generate_series(1, 100) g;",
  ].join("\n");
}

/** The columns that PostgreSQL fills differently each time: with numbers, with the time. */
export function columnsOfChance(
  { facts, table }: DescribedTable,
  given: readonly string[],
): readonly string[] {
  return facts.relation.columns
    .filter(({ name }) => Object.hasOwn(table.columns, name) && !given.includes(name))
    .filter((column) => facts.defaults.get(column.name)?.isComputed && byItselfText(column, facts) !== "")
    .map(({ name }) => name);
}

function columnText(column: Column, facts: TableFacts, isRead: boolean): string {
  const plain = isKnownType(column) ? column.baseType : column.isArray ? "text[]" : "text";
  const type = facts.enums.get(column.type)?.name ?? plain;
  const byItself = byItselfText(column, facts);
  // A column whose default is the user's own expression may be null in the test.
  const isLeft = !isRead && facts.defaults.has(column.name) && byItself === "";
  return `${displayIdentifier(column.name)} ${type}${column.isNullable || isLeft ? "" : " not null"}${byItself}`;
}

/** How the column gets a value by itself, as far as a database without the user's own functions can do it. */
function byItselfText(column: Column, { defaults }: TableFacts): string {
  const byItself = defaults.get(column.name);
  if (byItself === undefined) return "";
  if (byItself.isCounted && /^int[248]$/.test(column.baseName))
    return ` generated ${column.isIdentityAlways ? "always" : "by default"} as identity`;
  const { expression, isBuiltIn } = byItself;
  return isBuiltIn && expression !== null && isKnownType(column) ? ` default ${expression}` : "";
}

function named(columns: readonly string[]): string {
  return columns.map(displayIdentifier).join(", ");
}
