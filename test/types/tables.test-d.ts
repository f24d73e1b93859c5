import {
  type Json,
  type Numeric,
  type RowOf,
  rowsOf,
  sql,
  type Table,
  table,
  update,
  type ValueOf,
} from "tidefill";
import { describe, expectTypeOf, test } from "vitest";
import type { SqlUpdateSink, UpdateSink } from "../../src/sink/definitions/update.ts";
import type { TableRows } from "../../src/source/table/table-rows.ts";

const essays = table("essay_submission_essay", {
  key: "id",
  columns: {
    id: "bigint",
    content: "text",
    words: "integer?",
    tags: "text[]?",
    data: "jsonb",
    raw: "jsonb text",
  },
});

describe("a column's type", () => {
  test("says what its values are", () => {
    expectTypeOf<ValueOf<"bigint">>().toEqualTypeOf<bigint>();
    expectTypeOf<ValueOf<"smallint" | "integer" | "real" | "double precision">>().toEqualTypeOf<number>();
    expectTypeOf<
      ValueOf<"date" | "time" | "timestamp" | "timestamptz" | "interval">
    >().toEqualTypeOf<string>();
    expectTypeOf<
      ValueOf<"text" | "varchar" | "char" | "uuid" | "json text" | "jsonb text">
    >().toEqualTypeOf<string>();
    expectTypeOf<ValueOf<"numeric">>().toEqualTypeOf<Numeric>();
    expectTypeOf<ValueOf<"boolean">>().toEqualTypeOf<boolean>();
    expectTypeOf<ValueOf<"bytea">>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<ValueOf<"json" | "jsonb">>().toEqualTypeOf<Json>();
    expectTypeOf<ValueOf<"bigint?">>().toEqualTypeOf<bigint | null>();
    expectTypeOf<ValueOf<"bigint[]">>().toEqualTypeOf<readonly (bigint | null)[]>();
    expectTypeOf<ValueOf<"jsonb text[]?">>().toEqualTypeOf<readonly (string | null)[] | null>();
    expectTypeOf<ValueOf<"int8">>().toEqualTypeOf<never>();
  });
});

describe("a table", () => {
  test("keeps its columns and its key", () => {
    expectTypeOf(essays.key).toEqualTypeOf<readonly "id"[]>();
    expectTypeOf(essays.columns.words).toEqualTypeOf<"integer?">();
    expectTypeOf(table("t", { key: ["a", "b"], columns: { a: "bigint", b: "date", c: "text" } })).toExtend<
      Table<{ readonly a: "bigint"; readonly b: "date"; readonly c: "text" }, "a" | "b">
    >();
  });

  test("shows its rows plainly", () => {
    expectTypeOf<RowOf<typeof essays.columns, "id" | "words">>().toEqualTypeOf<{
      readonly id: bigint;
      readonly words: number | null;
    }>();
  });

  test("does not compile with a key that it lacks", () => {
    // @ts-expect-error there is no such column
    table("t", { key: "nope", columns: { id: "bigint" } });
    // @ts-expect-error there is no such column
    table("t", { key: ["id", "nope"], columns: { id: "bigint" } });
  });

  test("does not compile without columns", () => {
    // @ts-expect-error no columns
    table("t", { key: "id" });
  });

  test.each(["int8", "bigint??", "bigint?[]", "string", "varchar(20)", ""])(
    "does not compile with the type %s",
    () => {
      // @ts-expect-error not a type
      table("t", { key: "id", columns: { id: "int8" } });
      // @ts-expect-error not a type
      table("t", { key: "id", columns: { id: "bigint", a: "bigint??" } });
      // @ts-expect-error not a type
      table("t", { key: "id", columns: { id: "bigint", a: "bigint?[]" } });
      // @ts-expect-error not a type
      table("t", { key: "id", columns: { id: "bigint", a: "varchar(20)" } });
      // @ts-expect-error not a type
      table("t", { key: "id", columns: { id: "bigint", a: String } });
    },
  );
});

describe("rowsOf", () => {
  test("yields every column, or those that are read and the key", () => {
    expectTypeOf(rowsOf(essays)).toEqualTypeOf<
      TableRows<{
        readonly id: bigint;
        readonly content: string;
        readonly words: number | null;
        readonly tags: readonly (string | null)[] | null;
        readonly data: Json;
        readonly raw: string;
      }>
    >();
    expectTypeOf(rowsOf(essays, { read: ["content"] })).toEqualTypeOf<
      TableRows<{ readonly id: bigint; readonly content: string }>
    >();
    expectTypeOf(rowsOf(essays, { read: [] })).toEqualTypeOf<TableRows<{ readonly id: bigint }>>();
  });

  test("does not compile with a column that the table lacks", () => {
    // @ts-expect-error misspelt
    rowsOf(essays, { read: ["contents"] });
  });

  test("does not compile with a condition that is no SQL", () => {
    // @ts-expect-error a text
    rowsOf(essays, { where: "words is null" });
    // @ts-expect-error a function
    rowsOf(essays, { pending: () => sql`words is null` });
    // @ts-expect-error misspelt
    rowsOf(essays, { were: sql`words is null` });
  });
});

describe("update", () => {
  test("takes the columns that it names", () => {
    expectTypeOf(update(essays, ["words", "tags"])).toEqualTypeOf<
      UpdateSink<{ readonly words: number | null; readonly tags: readonly (string | null)[] | null }>
    >();
    expectTypeOf(update(essays, { words: sql`1` })).toEqualTypeOf<SqlUpdateSink>();
  });

  test("does not compile with a column that the table lacks", () => {
    // @ts-expect-error misspelt
    update(essays, ["word"]);
    // @ts-expect-error misspelt
    update(essays, { word: sql`1` });
  });

  test("does not compile with a column of the key", () => {
    // @ts-expect-error the key
    update(essays, ["id"]);
    // @ts-expect-error the key
    update(essays, { id: sql`1` });
    const pairs = table("pairs", { key: ["a", "b"], columns: { a: "bigint", b: "bigint", n: "integer" } });
    // @ts-expect-error a part of the key
    update(pairs, ["n", "b"]);
  });

  test("does not compile with a value for an expression", () => {
    // @ts-expect-error a text
    update(essays, { words: "words + 1" });
    // @ts-expect-error a number
    update(essays, { words: 1 });
  });
});
