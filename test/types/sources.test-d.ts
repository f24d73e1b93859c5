import { type Json, table, update } from "tidefill";
import { describe, expectTypeOf, test } from "vitest";
import { defineJob } from "../../src/job/definition/define-job.ts";
import { type CsvFile, csvFile } from "../../src/source/file/csv-file.ts";
import { type NdjsonFile, ndjsonFile } from "../../src/source/file/ndjson-file.ts";
import { type InlineRows, rows } from "../../src/source/inline/inline-rows.ts";

const columns = { name: "text", weight: "integer?", id: "bigint", data: "jsonb", tags: "text[]" } as const;

type Row = {
  readonly name: string;
  readonly weight: number | null;
  readonly id: bigint;
  readonly data: Json;
  readonly tags: readonly (string | null)[];
};

describe("a file", () => {
  test("yields its declared columns", () => {
    expectTypeOf(csvFile("a.csv", { columns })).toEqualTypeOf<CsvFile<Row>>();
    expectTypeOf(ndjsonFile("a.ndjson", { columns })).toEqualTypeOf<NdjsonFile<Row>>();
    expectTypeOf(csvFile("a.csv", { columns: { n: "real?" } })).toEqualTypeOf<
      CsvFile<{ readonly n: number | null }>
    >();
  });

  test("does not compile without columns, with an unknown type or a misspelt option", () => {
    const wrong = () => [
      // @ts-expect-error no columns
      csvFile("a.csv", {}),
      // @ts-expect-error no columns
      ndjsonFile("a.ndjson"),
      // @ts-expect-error not a type
      csvFile("a.csv", { columns: { n: "int8" } }),
      // @ts-expect-error not a type
      ndjsonFile("a.ndjson", { columns: { n: "string" } }),
      // @ts-expect-error misspelt
      csvFile("a.csv", { columns, headers: false }),
      // @ts-expect-error only CSV has a header
      ndjsonFile("a.ndjson", { columns, header: true }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});

describe("inline rows", () => {
  test("yield their declared columns", () => {
    expectTypeOf(
      rows([{ name: "a", weight: null, id: 1n, data: { a: [1] }, tags: ["x", null] }], { columns }),
    ).toEqualTypeOf<InlineRows<Row>>();
    expectTypeOf(rows([], { columns: { n: "integer" } })).toEqualTypeOf<InlineRows<{ readonly n: number }>>();
  });

  test("do not compile with a value of another type, a missing or an unknown column", () => {
    const wrong = () => [
      // @ts-expect-error a text
      rows([{ n: "1" }], { columns: { n: "integer" } }),
      // @ts-expect-error null
      rows([{ n: null }], { columns: { n: "integer" } }),
      // @ts-expect-error a number
      rows([{ n: 1 }], { columns: { n: "bigint" } }),
      // @ts-expect-error missing
      rows([{}], { columns: { n: "integer" } }),
      // @ts-expect-error unknown
      rows([{ n: 1, m: 2 }], { columns: { n: "integer" } }),
      // @ts-expect-error no columns
      rows([{ n: 1 }]),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});

test("a job reads what its source yields", () => {
  const sink = update(table("t", { key: "id", columns: { id: "bigint", n: "integer?" } }), ["n"]);
  defineJob({
    name: "seed",
    source: csvFile("a.csv", { columns: { n: "integer", m: "date?" } }),
    transform: (row) => {
      expectTypeOf(row).toEqualTypeOf<{ readonly n: number; readonly m: string | null }>();
      return { n: row.n };
    },
    sink,
  });
  defineJob({
    name: "seed",
    source: rows([{ n: 1 }], { columns: { n: "integer" } }),
    // @ts-expect-error not among its columns
    transform: (row) => ({ n: row.m }),
    sink,
  });
});
