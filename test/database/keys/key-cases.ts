import type { ColumnType } from "tidefill";
import { otherCases } from "./other-key-cases.ts";

/** A type of key, with values at which implementations tend to break. */
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
    setup: 'drop extension citext cascade; create schema "Ext"; create extension citext schema "Ext"',
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

export const keyCases: readonly KeyCase[] = [...numbers, ...strings, ...otherCases];

/** SQL for the collations and extensions that the cases use. */
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
