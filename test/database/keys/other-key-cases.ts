import type { KeyCase } from "./key-cases.ts";

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

export const otherCases: readonly KeyCase[] = [...times, ...others];
