import { UsageError } from "../errors.ts";
import { displayIdentifier } from "../postgres/sql.ts";
import { ColumnCodec } from "./column-codec.ts";
import type { ColumnType, ValueOf } from "./column-types.ts";

export type Columns = Readonly<Record<string, ColumnType>>;

/** A table as a job describes it; checked against the catalogue before every run. */
export interface Table<C extends Columns = Columns, K extends string = string> {
  readonly schema: string | null;
  readonly name: string;
  readonly key: readonly K[];
  readonly columns: C;
}

/** A row with the named columns, as a transform sees it or gives it. */
export type RowOf<C extends Columns, Names extends keyof C = keyof C> = {
  readonly [Name in Names & string]: ValueOf<C[Name]>;
} & {};

/**
 * Describes a table: its name (`orders`, `shop.orders`, `"Odd Name".t`), the unique key that orders its rows, and the columns
 * that jobs read or write. Types are PostgreSQL's; `?` marks a nullable column.
 */
export function table<const C extends Columns, const K extends keyof C & string>(
  name: string,
  description: { readonly key: K | readonly K[]; readonly columns: C },
): Table<C, K> {
  const { key, columns } = description;
  const keys = Array.isArray(key) ? (key as readonly K[]) : [key as K];
  if (keys.length === 0)
    throw new UsageError(`Table ${name} has no key.`, { remedy: "Name its primary key in `key`." });
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
  });
}

/** How people write a table's name. */
export function displayName(named: { readonly schema: string | null; readonly name: string }): string {
  return [named.schema, named.name]
    .filter((part) => part !== null)
    .map(displayIdentifier)
    .join(".");
}

/** Splits `schema.table`, where quotes keep dots and capitals as in SQL. */
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
    // PostgreSQL would cut it silently, and two long names could become one.
    if (each !== null && Buffer.byteLength(each) > 63) {
      throw new UsageError(`The name "${each}" is longer than the 63 bytes that PostgreSQL keeps.`);
    }
  }
  return { schema, name };
}

function unquote(quoted: string | undefined, plain: string | undefined): string | null {
  return quoted?.replaceAll('""', '"') ?? plain ?? null;
}
