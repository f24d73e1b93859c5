import type { ColumnType } from "tidefill";

/** A column of a type, and values that a careless round trip would change: as `insert … values` takes them. */
export type ColumnCase = readonly [ddl: string, declared: ColumnType, ...values: readonly string[]];

export const columnSetup = String.raw`
  create type mood as enum ('zest', 'Awe', 'joy, deep', 'a"b', 'NULL', '');
  create type pair as (a bigint, b text, c timestamptz);
  create domain percent as numeric(5, 2) check (value between 0 and 100);
  create domain label as text;
  create extension citext;
  create extension hstore;`;

const documents = [
  "null",
  `'{"n": 12345678901234567890.10, "e": 1e400, "z": -0, "s": 1.10}'`,
  `'{"b": 1, "a": {"": [null, true, "\\u00e9\\"\\\\"]}}'`,
  `'null'`,
  `'"text"'`,
  `'[]'`,
];

export const columnCases: readonly ColumnCase[] = [
  ["smallint", "smallint?", "null", "-32768", "32767"],
  ["integer", "integer?", "null", "-2147483648", "2147483647"],
  ["bigint", "bigint?", "null", "-9223372036854775808", "9223372036854775807", "9007199254740993"],
  ["real", "real?", "null", "'-0'", "'NaN'", "'-Infinity'", "'1e-45'", "'3.4028235e38'", "'0.1'", "'16777217'"],
  ["float8", "double precision?", "null", "'-0'", "'NaN'", "'Infinity'", "'5e-324'", "0.1::float8 + 0.2::float8", "'1e21'"],
  ["numeric", "numeric?", "null", "'1.10'", "'1.1'", "'NaN'", "'-Infinity'", "'1e-400'", "'12345678901234567890.123456789'"],
  ["numeric(12, 4)", "numeric?", "null", "'1.1'", "'-0.0001'"],
  ["boolean", "boolean?", "null", "true", "false"],
  ["text", "text?", "null", "''", "' '", "'NULL'", "'\\'", "'''\"'", "E'\\r\\n\\t'", "'👩‍👩‍👧 é'", "U&'e\\0301'", "repeat('é😀', 9999)"],
  ["varchar(9)", "varchar?", "null", "''", "'a  '", "'123456789'"],
  ["char(6)", "char?", "null", "''", "'ab'", "' b'"],
  ["uuid", "uuid?", "null", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  ["date", "date?", "null", "'infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-01-01'"],
  ["time", "time?", "null", "'24:00:00'", "'23:59:59.999999'"],
  ["time(0)", "time?", "null", "'10:00'"],
  ["timetz", "text?", "null", "'12:00:00.000001+05:30'", "'24:00:00-12'"],
  ["timestamp", "timestamp?", "null", "'infinity'", "'0044-03-15 00:00:00.000001 BC'", "'294276-12-31 23:59:59.999999'"],
  ["timestamptz", "timestamptz?", "null", "'-infinity'", "'2024-11-03 01:30:00-04'", "'2024-11-03 01:30:00-05'", "'4713-01-01 BC'"],
  ["interval", "interval?", "null", "'1 mon -1 day +24:00:00.000001'", "'1 day'", "'24:00:00'", "'-1 year'"],
  ["bytea", "bytea?", "null", "''", "'\\x00'", "'\\xff00'", "'\\x5c783030'", "decode(repeat('00ff', 9999), 'hex')"],
  ["json", "json text?", ...documents, `' {"a":1,  "a":2} '`, `'"\\u0000"'`],
  ["jsonb", "jsonb text?", ...documents],
  ["jsonb", "jsonb?", "null", `'{"a": [1, true, "é", {"": null}], "__proto__": 5}'`, `'[]'`, `'"text"'`, "'false'", "'0'"],
  ["integer[]", "integer[]?", "null", "'{}'", "'{1,NULL,-3}'", "'{{1,2},{3,4}}'"],
  ["bigint[]", "bigint[]?", "null", "'{9223372036854775807,NULL}'"],
  ["float8[]", "double precision[]?", "null", "'{-0,NaN,Infinity,5e-324,NULL}'"],
  ["boolean[]", "boolean[]?", "null", "'{t,f,NULL}'"],
  ["text[]", "text[]?", "null", "'{}'", `'{"","NULL",NULL,"a,b","{}","\\"","\\\\"," ","é"}'`, `'{{"a","}"},{"{","b"}}'`],
  ["numeric[]", "numeric[]?", "null", "'{1.10,NaN,NULL}'"],
  ["bytea[]", "bytea[]?", "null", `'{"\\\\x00","\\\\x",NULL}'`],
  ["jsonb[]", "jsonb text[]?", "null", `array['{"a": "b,c"}', 'null', '1.10', null]::jsonb[]`],
  ["timestamptz[]", "timestamptz[]?", "null", "'{infinity,2024-01-01 00:00:00.000001+00}'"],
  ["mood[]", "text[]?", "null", `'{"a\\"b","NULL",NULL,"joy, deep"}'`],
  ["integer[]", "text?", "null", "'[0:2]={1,2,3}'", "'[-1:0][5:5]={{1},{2}}'"],
  ["box[]", "text?", "null", "'{(1,1),(0,0);(3,3),(2,2)}'"],
  ["mood", "text?", "null", "'a\"b'", "'NULL'", "''"],
  ["pair", "text?", "null", "row(1, 'a,\"b\\', 'infinity')::pair", "row(null, null, null)::pair", "row(-1, '', null)::pair"],
  ["pair[]", "text?", "null", "array[row(1, 'a,\"', now())::pair, null]"],
  ["percent", "numeric?", "null", "'99.9'", "'0'"],
  ["label", "text?", "null", "''", "'é'"],
  ["citext", "text?", "null", "'ABc'", "''"],
  ["hstore", "text?", "null", `'"a"=>"1,\\"", b=>NULL'`, "''"],
  ["bit(3)", "text?", "null", "'101'"],
  ["varbit", "text?", "null", "''", "'0010'"],
  ["money", "text?", "null", "'-92233720368547758.08'", "'1.5'"],
  ["xml", "text?", "null", "'<a b=\"1\">é</a><c/>'", "''", "'text &amp; more'"],
  ["inet", "text?", "null", "'10.0.0.1/8'", "'::1'"],
  ["cidr", "text?", "null", "'10.0.0.0/8'"],
  ["macaddr8", "text?", "null", "'08:00:2b:01:02:03:04:05'"],
  ["point", "text?", "null", "'(-0,0.1)'", "'(1e-310,Infinity)'"],
  ["polygon", "text?", "null", "'((0,0),(1,1),(2,0))'"],
  ["int4range", "text?", "null", "'empty'", "'(1,5]'", "'(,)'"],
  ["tstzrange", "text?", "null", "'[2024-01-01 00:00:00.000001+00,infinity)'"],
  ["nummultirange", "text?", "null", "'{[1.0,1.10),(5,)}'", "'{}'"],
  ["tsvector", "text?", "null", "'''a '''' b'':1A,2 c'", "''"],
  ["tsquery", "text?", "null", "'a & !(b | ''c d'':*)'"],
  ['"char"', "text?", "null", "'a'", "''"],
  ["name", "text?", "null", "repeat('n', 63)"],
  ["oid", "text?", "null", "4294967295"],
  ["pg_lsn", "text?", "null", "'FFFFFFFF/FFFFFFFF'"],
  ["jsonpath", "text?", "null", `'$."a b"[*] ? (@ > 1)'`],
]; // as they are, not as they might be written shorter
