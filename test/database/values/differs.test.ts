import { expect, test } from "vitest";
import { differs } from "../../../src/postgres/catalog/differs.ts";
import { raw } from "../../../src/postgres/sql/sql.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();

/** Values that are equal in one sense and not in another. */
const values: Readonly<Record<string, readonly string[]>> = {
  smallint: ["0", "-32768", "32767"],
  integer: ["0", "-1", "2147483647"],
  bigint: ["0", "-1", "9223372036854775807"],
  boolean: ["true", "false"],
  oid: ["0", "4294967295"],
  uuid: ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
  date: ["infinity", "-infinity", "0001-01-01 BC", "2024-02-29"],
  "timestamp without time zone": ["infinity", "-infinity", "2024-02-29 00:00:00.000001", "2024-02-29"],
  "timestamp with time zone": [
    "infinity",
    "2024-02-29 00:00:00+00",
    "2024-02-29 02:00:00+02",
    "2024-02-29 00:00:00.000001+00",
  ],
  bytea: ["\\x", "\\x00", "\\x0000"],
  text: ["", " ", "a", "A", "ä", "ä", "a ", "x".repeat(9_000)],
  "character varying": ["", "a", "A", "a "],
  bpchar: ["a", "a ", "A"],
  numeric: ["1", "1.0", "1.00", "NaN", "0", "-0"],
  float8: ["0", "-0", "NaN", "Infinity"],
  float4: ["0", "-0", "NaN"],
  interval: ["1 day", "24 hours", "30 days", "1 month"],
  jsonb: ["1.0", "1", "1.00", '{"a": 1}', "null"],
  time: ["00:00", "24:00"],
  timetz: ["00:00+00", "02:00+02"],
  inet: ["10.0.0.1", "10.0.0.1/32", "10.0.0.0/8"],
};

test.each(Object.entries(values))(
  "values of %s are the same or differ as their bytes do",
  async (type, texts) => {
    await database.query(`drop table if exists pairs; create table pairs (a ${type}, b ${type})`);
    const pairs = [...texts, null].flatMap((a) => [...texts, null].map((b) => [a, b]));
    for (const pair of pairs) await database.query("insert into pairs values ($1, $2)", pair);
    const compared = [{ column: { type }, left: raw("a"), right: raw("b") }];
    const found = await database.query(`select a::text, b::text from pairs
    where (${differs(compared)}) is distinct from (row(a)::record *<> row(b)::record)`);
    expect(found).toEqual([]);
  },
);

test("texts that a collation takes for equal differ", async () => {
  await database.query(`
    create collation if not exists either_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    drop table if exists pairs;
    create table pairs (a text collate either_case, b text collate either_case);
    insert into pairs values ('a', 'A')`);
  const compared = [{ column: { type: "text" }, left: raw("a"), right: raw("b") }];
  const [row] = await database.query(`select a = b as is_equal, ${differs(compared)} as differs from pairs`);
  expect(row).toEqual({ is_equal: true, differs: true });
});

test("texts that an operator of the application takes for equal differ", async () => {
  await database.query(`
    create function alike(varchar, varchar) returns boolean language sql immutable as 'select lower($1) = lower($2)';
    create operator = (function = alike, leftarg = varchar, rightarg = varchar);
    drop table if exists pairs;
    create table pairs (a varchar, b varchar);
    insert into pairs values ('a', 'A')`);
  const compared = [{ column: { type: "character varying" }, left: raw("a"), right: raw("b") }];
  const [row] = await database.query(`select a = b as is_equal, ${differs(compared)} as differs from pairs`);
  await database.query("drop operator = (varchar, varchar)");
  expect(row).toEqual({ is_equal: true, differs: true });
});

test("columns of both kinds are compared together", async () => {
  const compared = (["integer", "numeric", "text", "jsonb"] as const).map((type, index) => ({
    column: { type },
    left: raw(`a${index}`),
    right: raw(`b${index}`),
  }));
  const same = ["1", "1.0", "'x'", "'{}'::jsonb"];
  for (const changed of [null, 0, 1, 2, 3]) {
    const other = ["2", "1.00", "'y'", "'[]'::jsonb"];
    const right = same.map((value, index) => (index === changed ? other[index] : value));
    const columns = [
      ...same.map((value, index) => `${value} as a${index}`),
      ...right.map((value, index) => `${value} as b${index}`),
    ];
    const [row] = await database.query(
      `select ${differs(compared)} as differs from (select ${columns.join(", ")}) as row`,
    );
    expect(row).toEqual({ differs: changed !== null });
  }
});
