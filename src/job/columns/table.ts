import { UsageError } from "../../errors.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import { requireKnownNames } from "../../require-known-names.ts";
import { ColumnCodec } from "./column-codec.ts";
import type { ColumnType, ValueOf } from "./column-types.ts";

export type Columns = Readonly<Record<string, ColumnType>>;

/** A table as a job describes it; checked against the catalogue before every run. */
export interface Table<C extends Columns = Columns, K extends string = string> {
  readonly schema: string | null;
  readonly name: string;
  /** empty where no key orders the rows: such a table can only be inserted into */
  readonly key: readonly K[];
  readonly columns: C;
  /** columns about persons: their values are neither shown nor stored anywhere */
  readonly personalData: readonly string[];
}

/** A row with the named columns, as a transform reads or returns it. */
export type RowOf<C extends Columns, Names extends keyof C = keyof C> = {
  readonly [Name in Names & string]: ValueOf<C[Name]>;
} & {};

interface Description<C extends Columns, K extends string> {
  readonly key?: K | readonly K[];
  readonly columns: C;
  readonly personalData?: readonly (keyof C & string)[];
}

/**
 * Describes a table: its name (`orders`, `shop.orders`, `"Odd Name".t`), the unique key that orders its rows
 * (optional where a job only inserts), and the columns that jobs read or write. Types are PostgreSQL's; `?`
 * marks a nullable column.
 */
export function table<const C extends Columns, const K extends keyof C & string = never>(
  name: string,
  description: Description<C, K>,
): Table<C, K> {
  requireKnownNames(`Table ${name}`, description, ["key", "columns", "personalData"]);
  const { key = [], columns, personalData = [] } = description;
  if (Array.isArray(description.key) && description.key.length === 0)
    throw new UsageError(`Table ${name} has no key.`, { remedy: "Name its primary key in `key`." });
  const keys = Array.isArray(key) ? (key as readonly K[]) : [key as K];
  const stranger = personalData.find((column) => !Object.hasOwn(columns, column));
  if (stranger !== undefined)
    throw new UsageError(`personalData of table ${name} names ${stranger}, which is not among its columns.`);
  for (const column of keys) {
    if (!Object.hasOwn(columns, column)) {
      throw new UsageError(`The key column ${column} of table ${name} is not among its columns.`);
    }
  }
  for (const [column, type] of Object.entries(columns)) new ColumnCodec(column, type);
  return Object.freeze({
    ...parseTableName(name),
    key: Object.freeze([...keys]),
    columns: Object.freeze({ ...columns }),
    personalData: Object.freeze([...personalData]),
  });
}

/** Whether a value is a table's description, from any copy of this package. */
export function isTable(value: unknown): value is Table {
  return (
    typeof value === "object" &&
    value !== null &&
    "key" in value &&
    "columns" in value &&
    "name" in value &&
    "schema" in value
  );
}

/** A table's name as users write it. */
export function displayName(named: { readonly schema: string | null; readonly name: string }): string {
  return [named.schema, named.name]
    .filter((part) => part !== null)
    .map(displayIdentifier)
    .join(".");
}

/** Splits `schema.table`; quotes keep dots and capitals as in SQL. */
export function parseTableName(text: string): { readonly schema: string | null; readonly name: string } {
  const part = `(?:"((?:[^"]|"")+)"|([^".]+))`;
  const match = new RegExp(String.raw`^(?:${part}\.)?${part}$`, "su").exec(text);
  if (match === null) {
    throw new UsageError(`"${text}" is not a table's name.`, {
      remedy: 'Write table, schema.table, or "Quoted Schema"."Quoted.Table".',
    });
  }
  const [, quotedSchema, plainSchema, quotedName, plainName] = match;
  const schema = unquote(quotedSchema, plainSchema);
  const name = unquote(quotedName, plainName) ?? "";
  for (const each of [schema, name]) {
    // PostgreSQL would cut it silently, so two long names could become one.
    if (each !== null && Buffer.byteLength(each) > 63) {
      throw new UsageError(`The name "${each}" is longer than the 63 bytes that PostgreSQL keeps.`);
    }
  }
  return { schema, name };
}

function unquote(quoted: string | undefined, plain: string | undefined): string | null {
  return quoted?.replaceAll('""', '"') ?? plain ?? null;
}
