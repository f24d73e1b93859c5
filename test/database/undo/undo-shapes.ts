import type { ColumnType } from "tidefill";

/** A table whose names, keys or form could mislead an undo; a job moves or copies `from` `into` its twin. */
export interface Shape {
  readonly name: string;
  /** as SQL writes the table; its twin's name ends differently */
  readonly from: string;
  readonly into: string;
  /** the columns of the key, as `create table` takes them */
  readonly key: Readonly<Record<string, readonly [ddl: string, declared: ColumnType]>>;
  /** the key's values over `g`, 1 to 40 */
  readonly values: string;
  readonly setup?: string;
  /** more columns, which the description lacks */
  readonly more?: string;
  readonly suffix?: string;
  /** statements after both tables exist */
  readonly after?: string;
}

const plain = { from: "kept", into: "kept_twin" };
const texts = `(array['', ' ', 'a', 'B', 'ß', 'é', 'null', 'NULL', '{}', '"', '''', E'\\n', '\\', ',', '10', '9'])[1 + g % 16] || case when g > 15 then g::text else '' end`;

function keyOf(
  name: string,
  ddl: string,
  declared: ColumnType,
  values: string,
  more: Partial<Shape> = {},
): Shape {
  return { ...plain, name, key: { k: [ddl, declared] }, values, ...more };
}

export const shapes: readonly Shape[] = [
  keyOf("an integer", "integer", "integer", "g"),
  keyOf("a negative bigint", "bigint", "bigint", "-9223372036854775808 + g"),
  keyOf("a uuid", "uuid", "uuid", "md5(g::text)::uuid"),
  keyOf("a numeric", "numeric", "numeric", "case g when 1 then 'NaN'::numeric else g / 7::numeric end"),
  keyOf(
    "a double precision",
    "float8",
    "double precision",
    "case g when 1 then 'NaN' else g * 0.1::float8 end",
  ),
  keyOf(
    "a timestamptz",
    "timestamptz",
    "timestamptz",
    "case g when 1 then 'infinity' else '2024-11-03'::timestamptz + g * interval '1 us' end",
  ),
  keyOf("a bytea", "bytea", "bytea", "decode(repeat(lpad(to_hex(g), 2, '0'), g), 'hex')"),
  keyOf("an enum", '"Mood"', "text", `('m' || g)::"Mood"`, {
    setup: `do $$ begin execute 'create type "Mood" as enum (' || (select string_agg(quote_literal('m' || g), ',' order by md5(g::text)) from generate_series(1, 40) g) || ')'; end $$`,
  }),
  keyOf("a text under C", 'text collate "C"', "text", texts),
  keyOf("a text under ICU", 'text collate "de-x-icu"', "text", texts),
  keyOf("a text under a case-blind collation", "text collate blind", "text", "'É' || g", {
    setup: "create collation blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
  }),
  keyOf("a citext", "citext", "text", "'É' || g", { setup: "create extension citext" }),
  keyOf("a char(7)", "char(7)", "char", "'a' || g"),
  keyOf("a domain over bigint", '"Id"', "bigint", "g", { setup: 'create domain "Id" as bigint' }),
  keyOf("a domain over varchar", '"Label"', "text", "'l' || g", {
    setup: 'create domain "Label" as varchar(5) collate "C"',
  }),
  {
    ...plain,
    name: "four columns with tidefill's own names",
    key: {
      key_1: ["integer", "integer"],
      place: ["text", "text"],
      source: ["date", "date"],
      Order: ["bigint", "bigint"],
    },
    values: "g % 3, 'p' || g % 7, '2024-01-01'::date + g, -g",
  },
  keyOf("an identity that is always generated", "bigint generated always as identity", "bigint", "default"),
  keyOf("a partition's", "bigint", "bigint", "g", {
    suffix: "partition by range (k)",
    after: `create table kept_1 partition of kept for values from (minvalue) to (20);
      create table kept_2 partition of kept default;
      create table kept_twin_1 partition of kept_twin for values from (minvalue) to (10);
      create table kept_twin_2 (like kept_twin including defaults including generated including identity);
      alter table kept_twin attach partition kept_twin_2 default`,
  }),
  keyOf("a generated column's table", "bigint", "bigint", "g", {
    more: "twice bigint generated always as (k * 2) stored, made bigint generated always as identity, at timestamptz default now()",
  }),
  {
    name: "a table with capitals and dots in another schema",
    from: '"My.Schema"."My.""Table"""',
    into: '"My.Schema"."my table"',
    key: { "My.Key": ["bigint", "bigint"] },
    values: "g",
    setup: 'create schema "My.Schema"',
  },
  ...[
    "gone",
    "incoming",
    "placed",
    "taken",
    "written",
    "restored",
    "ready",
    "removed",
    "old",
    "new",
    "t",
    "tidefill_before",
  ].map(
    (from): Shape => ({
      name: `a table called ${from}`,
      from,
      into: `"${from}.twin"`,
      key: { k: ["bigint", "bigint"] },
      values: "g",
    }),
  ),
];

/** Names that tidefill's own statements use. */
export const columns = [
  "Order",
  "key_1",
  "old_1",
  "new_1",
  "image",
  "t",
  "n",
  "place",
  "source",
  "value_1",
  "kind",
  "sweep",
  "xid",
  "number",
  "target_keys",
  "is_superseded",
  "tableoid_",
] as const;
