import type { ColumnType } from "tidefill";

/** A type of key, with the values at which implementations break. */
export interface KeyCase {
  readonly name: string;
  /** the column as `create table` takes it */
  readonly ddl: string;
  /** as the description calls it */
  readonly declared: ColumnType;
  /** SQL that must run first */
  readonly setup?: string;
  /** nasty values, as `insert … values` takes them; equal ones are dropped */
  readonly nasty: string;
  /** an SQL expression over `g`, 1 to 60, for more of them */
  readonly random?: string;
}

const texts = String.raw`(''), (' '), ('a'), ('A'), ('ä'), ('a '), (' a'), ('á'), (U&'a\0301'), ('ß'), ('ss'), ('SS'), ('ı'), ('I'),
  ('i'), ('İ'), ('😀'), ('👩‍👩‍👧'), ('עברית'), ('NULL'), ('null'), ('{}'), ('{a,b}'), ('"'), (''''), ('\'), ('\\"'), (','), ('$1'),
  ('%'), (E'\n'), (E'\t'), ('co-op'), ('coop'), ('co op'), ('10'), ('9'), (repeat('x', 500)), (repeat('é', 500))`;

const randomText = "substr(md5(g::text), 1, g % 7)";

const numbers: readonly KeyCase[] = [
  {
    name: "smallint",
    ddl: "smallint",
    declared: "smallint",
    nasty: "(-32768), (32767), (-1), (0)",
    random: "g * 37 - 999",
  },
  {
    name: "integer",
    ddl: "integer",
    declared: "integer",
    nasty: "(-2147483648), (2147483647), (-1), (0)",
    random: "g * 99991 - 7",
  },
  {
    name: "bigint",
    ddl: "bigint",
    declared: "bigint",
    nasty: `(-9223372036854775808), (9223372036854775807), (9223372036854775806), (9007199254740992), (9007199254740993),
      (-9007199254740993), (2147483648), (-1), (0), (100), (99)`,
    random: "g::bigint * 1000000007 * (case when g % 2 = 0 then 1 else -1 end)",
  },
  {
    name: "numeric",
    ddl: "numeric",
    declared: "numeric",
    nasty: `('NaN'), ('Infinity'), ('-Infinity'), ('0.10'), ('-0.1'), ('1e-16383'), ('1e200'), ('-1e200'), ('0'),
      ('1234567890123456789012345678901234567890'), ('1234567890123456789012345678901234567891'),
      ('0.1000000000000000000000000000000000000001')`,
    random: "(g - 30)::numeric / 7",
  },
  {
    name: "real",
    ddl: "real",
    declared: "real",
    nasty: "('NaN'), ('Infinity'), ('-Infinity'), ('-0'), ('1e-45'), ('3.4e38'), ('0.1'), ('0.3')",
    random: "(g - 30)::real / 7",
  },
  {
    name: "double precision",
    ddl: "double precision",
    declared: "double precision",
    nasty: `('NaN'), ('Infinity'), ('-Infinity'), ('-0'), ('5e-324'), ('-5e-324'), ('1.7976931348623157e308'), ('0.1'),
      (0.1::float8 + 0.2::float8), ('0.3'), ('9007199254740993')`,
    random: "(g - 30)::float8 / 7",
  },
  {
    name: "money",
    ddl: "money",
    declared: "text",
    nasty: "('-92233720368547758.08'), ('0'), ('-1.50'), ('1234.56')",
    random: "(g * 100)::money",
  },
  {
    name: "oid",
    ddl: "oid",
    declared: "text",
    nasty: "(0), (4294967295), (2147483648)",
    random: "(g * 1000)::oid",
  },
  { name: "boolean", ddl: "boolean", declared: "boolean", nasty: "(true), (false)" },
  {
    name: "domain over bigint",
    ddl: '"Id"',
    declared: "bigint",
    setup: 'create domain "Id" as bigint',
    nasty: "(-9223372036854775808), (9007199254740993), (0)",
    random: "g * 11",
  },
];

const collations = ['"C"', '"und-x-icu"', '"de-x-icu"', '"default"', "blind", "installed"];

const strings: readonly KeyCase[] = [
  ...collations.map((collation) => ({
    name: `text collate ${collation}`,
    ddl: `text collate ${collation}`,
    declared: "text" as const,
    nasty: texts,
    random: randomText,
  })),
  {
    name: "varchar(500)",
    ddl: "varchar(500)",
    declared: "varchar",
    nasty: texts,
    random: randomText,
  },
  {
    name: "char(5)",
    ddl: "char(5)",
    declared: "char",
    nasty: String.raw`(''), ('a'), ('a b'), ('A'), ('\'), ('null')`,
    random: "substr(md5(g::text), 1, g % 5)",
  },
  {
    name: "name",
    ddl: "name",
    declared: "text",
    nasty: "(''), ('a'), ('A'), (repeat('n', 63))",
    random: randomText,
  },
  { name: '"char"', ddl: '"char"', declared: "text", nasty: "('a'), ('A')", random: 'chr(g + 31)::"char"' },
  { name: "citext", ddl: "citext", declared: "text", nasty: texts, random: randomText },
  {
    name: "citext outside of the search path",
    ddl: '"Ext"."citext"',
    declared: "text",
    setup: 'drop extension citext; create schema "Ext"; create extension citext schema "Ext"',
    nasty: texts,
    random: `${randomText}::"Ext"."citext"`,
  },
  {
    name: "domain over text",
    ddl: '"Label"',
    declared: "text",
    setup: 'create domain "Label" as text collate "C" check (value is not null)',
    nasty: texts,
    random: randomText,
  },
];

const times: readonly KeyCase[] = [
  {
    name: "timestamptz",
    ddl: "timestamptz",
    declared: "timestamptz",
    nasty: `('infinity'), ('-infinity'), ('4713-01-01 00:00:00+00 BC'), ('0044-03-15 12:00:00+00 BC'),
      ('294276-12-31 23:59:59.999999+00'), ('2024-11-03 01:30:00-04'), ('2024-11-03 01:30:00-05'),
      ('2024-01-01 00:00:00.000001+00'), ('2024-01-01 00:00:00.999999+00'), ('1883-11-18 12:03:57.5-04:56:02')`,
    random: "timestamptz '2024-01-01 00:00:00.000003+00' + g * interval '1 microsecond'",
  },
  {
    name: "timestamp",
    ddl: "timestamp",
    declared: "timestamp",
    nasty: `('infinity'), ('-infinity'), ('4713-01-01 BC'), ('294276-12-31 23:59:59.999999'), ('2024-02-29 00:00:00.000001')`,
    random: "timestamp '2024-01-01' + g * interval '1 microsecond'",
  },
  {
    name: "date",
    ddl: "date",
    declared: "date",
    nasty:
      "('infinity'), ('-infinity'), ('4713-01-01 BC'), ('5874897-12-31'), ('0001-01-01'), ('0001-12-31 BC')",
    random: "date '1999-12-01' + g",
  },
  {
    name: "time",
    ddl: "time",
    declared: "time",
    nasty: "('00:00'), ('24:00:00'), ('23:59:59.999999'), ('00:00:00.000001')",
    random: "time '10:00' + g * interval '1 microsecond'",
  },
  {
    name: "timetz",
    ddl: "timetz",
    declared: "text",
    nasty: "('00:00+14'), ('24:00:00-12'), ('12:00+00'), ('12:00+01'), ('13:00+01')",
  },
  {
    name: "interval",
    ddl: "interval",
    declared: "interval",
    nasty: `('1 day'), ('1 mon'), ('31 days'), ('-1 day +2 hours'), ('1 year -1 day'), ('-00:00:00.000001'), ('0'),
      ('178000000 years'), ('-178000000 years')`,
    random: "g * interval '7 hours 3.000001 seconds'",
  },
];

const others: readonly KeyCase[] = [
  {
    name: "uuid",
    ddl: "uuid",
    declared: "uuid",
    nasty: "('00000000-0000-0000-0000-000000000000'), ('ffffffff-ffff-ffff-ffff-ffffffffffff')",
    random: "md5(g::text)::uuid",
  },
  {
    name: "bytea",
    ddl: "bytea",
    declared: "bytea",
    nasty: String.raw`(''), ('\x00'), ('\x0000'), ('\xff'), ('\xff00'), ('\x5c78'), ('\x22'), ('\x61'), ('\x6100')`,
    random: "decode(md5(g::text), 'hex')",
  },
  {
    name: "enum",
    ddl: "mood",
    declared: "text",
    setup: `create type mood as enum ('zest', 'Awe', 'joy, deep', 'a"b', 'NULL', ' ', '''')`,
    nasty: `('joy, deep'), ('zest'), ('a"b'), ('Awe'), (' '), ('NULL'), ('''')`,
  },
  {
    name: "inet",
    ddl: "inet",
    declared: "text",
    nasty: "('10.0.0.1'), ('10.0.0.1/8'), ('10.0.0.0/8'), ('::1'), ('fe80::1/64'), ('255.255.255.255')",
    random: "inet '192.168.0.0' + g",
  },
  { name: "cidr", ddl: "cidr", declared: "text", nasty: "('10.0.0.0/8'), ('10.0.0.0/16'), ('::/0')" },
  { name: "bit(4)", ddl: "bit(4)", declared: "text", nasty: "('0000'), ('1111'), ('0101')" },
  {
    name: "varbit",
    ddl: "varbit",
    declared: "text",
    nasty: "(''), ('0'), ('00'), ('1')",
    random: "g::bit(12)::varbit",
  },
  {
    name: "pg_lsn",
    ddl: "pg_lsn",
    declared: "text",
    nasty: "('0/0'), ('FFFFFFFF/FFFFFFFF')",
    random: "'0/0'::pg_lsn + g",
  },
  {
    name: "int4range",
    ddl: "int4range",
    declared: "text",
    nasty: "('empty'), ('(,)'), ('[1,10)'), ('[1,)'), ('(,5)')",
    random: "int4range(g, g + 5)",
  },
  {
    name: "text[]",
    ddl: "text[]",
    declared: "text[]",
    nasty: String.raw`('{}'), ('{NULL}'), ('{"NULL"}'), ('{""}'), ('{"a,b","c\\d","\""}'), ('{{a,b},{c,d}}')`,
    random: "array[g::text, 'x']",
  },
  {
    name: "jsonb",
    ddl: "jsonb",
    declared: "jsonb text",
    nasty: `('null'), ('{}'), ('[]'), ('1.10'), ('"a"'), ('{"a":12345678901234567890.10}'), ('1e400')`,
    random: "to_jsonb(g)",
  },
  {
    name: "composite type",
    ddl: "pair",
    declared: "text",
    setup: "create type pair as (a bigint, b text)",
    nasty: `((1, 'a,b')), ((1, '"')), ((-1, ''))`,
    random: "row(g % 5, g::text)::pair",
  },
];

export const keyCases: readonly KeyCase[] = [...numbers, ...strings, ...times, ...others];

/** SQL for the collations and extensions that the cases name. */
export const keySetup = `
  create collation blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
  create extension citext;
  do $$
  declare chosen name := coalesce(
    (select collname from pg_collation where collprovider = 'c' and collname in ('en_US', 'en_US.utf8', 'de_DE.utf8') limit 1),
    (select collname from pg_collation where collprovider = 'c' and collname ilike 'C.utf8' limit 1), 'C');
  begin
    execute format('create collation installed from pg_catalog.%I', chosen);
  end $$;`;
