import { describe, expect, test } from "vitest";
import { codes, expressionRules, statementRules } from "../../../src/sql-checks/all-rules.ts";
import { checkExpression } from "../../../src/sql-checks/check-expression.ts";
import { checkSql, type SqlContext } from "../../../src/sql-checks/check-sql.ts";
import type { Finding } from "../../../src/sql-checks/syntax/rule.ts";
import { Page } from "../../documents/markdown.ts";
import { rulePages, sqlChecksPages } from "../../documents/sql-checks-page.ts";
import type { CasesByCode } from "./cases/cases.ts";
import { constraints } from "./cases/constraints.ts";
import { data } from "./cases/data.ts";
import { locks } from "./cases/locks.ts";
import { expressions, names } from "./cases/names.ts";
import { rewrites } from "./cases/rewrites.ts";

const plain: SqlContext = { isTransactional: false, isRetried: false };
const statements: CasesByCode = { ...rewrites, ...locks, ...constraints, ...data, ...names };

function codesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code }) => code);
}

describe.each(Object.entries(statements))("%s", (code, { context, flagged, fine }) => {
  test.each(flagged)("is raised for: %s", async (text) => {
    expect(codesOf(await checkSql(text, { ...plain, ...context }))).toContain(code);
  });

  test.each(fine)("is not raised for: %s", async (text) => {
    expect(codesOf(await checkSql(text, { ...plain, ...context }))).not.toContain(code);
  });
});

describe.each(Object.entries(expressions))("%s in an expression", (code, { context, flagged, fine }) => {
  test.each(flagged)("is raised for: %s", async (text) => {
    expect(codesOf(await checkExpression(text, { isRetried: false, ...context }))).toEqual([code]);
  });

  test.each(fine)("nothing is raised for: %s", async (text) => {
    expect(await checkExpression(text, { isRetried: false, ...context })).toEqual([]);
  });
});

test("every code has its cases", () => {
  expect(Object.keys(statements).sort()).toEqual(statementRules.map(({ code }) => code).sort());
  expect(Object.keys(expressions).sort()).toEqual(expressionRules.map(({ code }) => code).sort());
  expect(codes.every((code) => /^[a-z]+(-[a-z]+)*$/.test(code))).toBe(true);
});

test("what holds only of a repeated statement is not said of another", async () => {
  expect(await checkSql("update app.t set a = now() where id = 1", plain)).toEqual([]);
  expect(await checkExpression("now()", { isRetried: false })).toEqual([]);
});

describe("a finding", () => {
  test("says where its statement begins, behind comments and in characters", async () => {
    const text = "select 'é😀';\n/* a /* b */ ; */ -- é\n  /* 😀 */ delete from app.t;\n\nselect 1";
    expect(await checkSql(text, plain)).toMatchObject([
      { code: "unbounded-delete", table: "app.t", statement: { number: 2, line: 3, column: 11 } },
    ]);
  });

  test("names the table, and the column or constraint", async () => {
    const text = "alter table app.t add constraint c check (a > 0), add column b int not null";
    expect((await checkSql(text, plain)).map(({ code, table, part }) => ({ code, table, part }))).toEqual([
      { code: "add-check-without-not-valid", table: "app.t", part: "c" },
      { code: "add-required-column", table: "app.t", part: "b" },
    ]);
  });

  test("stands once for each table", async () => {
    const found = await checkSql(
      "truncate app.t, app.u; update v set a = (select max(a) from v) where b",
      plain,
    );
    expect(found.map(({ code, table }) => `${code} ${table}`)).toEqual([
      "truncate-table app.t",
      "truncate-table app.u",
      "unqualified-table v",
    ]);
  });

  test("is none where the table was created by a text before", async () => {
    const context = { ...plain, tablesCreatedBefore: ["app.u"] };
    expect(await checkSql("create index on app.u (a)", context)).toEqual([]);
    expect(codesOf(await checkSql("drop table app.u; create index on app.u (a)", context))).toEqual([
      "create-index-without-concurrently",
    ]);
  });
});

describe("texts before", () => {
  const notNull = ["alter table app.t add constraint c check (a is not null) not valid"];
  const validate = "alter table app.t validate constraint c";

  test("tell what a constraint says, and that it may be validated now", async () => {
    const text = `${validate}; alter table app.t alter a set not null`;
    expect(codesOf(await checkSql(text, plain))).toEqual(["set-not-null-without-check"]);
    expect(await checkSql(text, { ...plain, textsBefore: notNull })).toEqual([]);
    const after = { ...plain, textsBefore: [...notNull, validate] };
    expect(await checkSql("alter table app.t alter a set not null", after)).toEqual([]);
  });

  test("have ended their transactions", async () => {
    const added = { ...plain, textsBefore: ["alter type app.s add value 'late'"] };
    expect(await checkSql("update app.t set s = 'late' where id = 1", added)).toEqual([]);
  });

  test("have created what may be dropped again", async () => {
    const created = ["create function app.f() returns int language sql return 1", "create table app.u ()"];
    expect(
      await checkSql("drop function app.f(); drop table app.u", { ...plain, textsBefore: created }),
    ).toEqual([]);
  });
});

test("what PostgreSQL wants alone is not put beside others either", async () => {
  expect(codesOf(await checkSql("vacuum app.t; select 1", plain))).toEqual(["refused-in-transaction"]);
  expect(await checkSql("vacuum app.t", plain)).toEqual([]);
});

describe("SQL that PostgreSQL does not parse", () => {
  test.each([
    ["select 1;\nselect 'é😀' from app.t whre x;", 2, 29, 'syntax error at or near "x"'],
    ["alter tabel app.t", 1, 7, 'syntax error at or near "tabel"'],
    ["select 'abc", 1, 8, `unterminated quoted string at or near "'abc"`],
    ["select 1 +", 1, 11, "syntax error at end of input"],
    ["\\copy app.t from 'x'", 1, 1, 'syntax error at or near "\\"'],
    ["select 1; \0 drop table app.t", 1, 11, "there is a NUL character"],
  ])("%j is an error with its place", async (text, line, column, problem) => {
    await expect(checkSql(text, plain)).rejects.toMatchObject({ code: "usage", line, column, problem });
    await expect(checkSql(text, plain)).rejects.toThrow(
      `wrong at line ${line}, column ${column}: ${problem}`,
    );
  });

  test.each(["", "  \n", "-- nothing\n", ";;"])(
    "a text without a statement, %j, has no findings",
    async (text) => {
      expect(await checkSql(text, plain)).toEqual([]);
    },
  );

  test("a text too deep for the parser is an error, and the next one is checked", async () => {
    await expect(checkSql(`select ${"1+".repeat(20_000)}1`, plain)).rejects.toThrow("nested too deeply");
    expect(codesOf(await checkSql("delete from app.t", plain))).toEqual(["unbounded-delete"]);
  });

  test.each(["a +", "", "lower(name", "a b c"])(
    "an expression like %j is an error with its place",
    async (text) => {
      await expect(checkExpression(text, { isRetried: false })).rejects.toMatchObject({ code: "usage" });
    },
  );

  test("the place in an expression is counted in it", async () => {
    const wrong = checkExpression("lower(name) nam e", { isRetried: false });
    await expect(wrong).rejects.toMatchObject({ line: 1, column: 13 });
  });

  test.each([
    "1) from app.t where (true",
    "1), (2",
    "1) + (2",
    "1] || array[2",
    "1]) ; drop table app.t; select ([1",
    "a, b",
  ])("%j is not one expression", async (text) => {
    await expect(checkExpression(text, { isRetried: false })).rejects.toThrow("wrong at line 1");
  });

  test("an expression may end with a comment", async () => {
    expect(await checkExpression("lower(name) -- as it is sorted", { isRetried: false })).toEqual([]);
  });
});

describe("what the author knows", () => {
  const text = "drop table app.t; delete from app.u";

  test("is left out when there is a reason", async () => {
    const known = { "drop-table": "nobody reads it since May", "unbounded-delete": " " };
    expect(codesOf(await checkSql(text, { ...plain, known }))).toEqual(["unbounded-delete"]);
    expect(
      await checkExpression("now()", {
        isRetried: true,
        known: { "non-repeatable-expression": "any time will do" },
      }),
    ).toEqual([]);
  });

  test("is refused when no check has the code, with the nearest one", async () => {
    const wrong = checkSql(text, { ...plain, known: { "drop-tables": "x" } });
    await expect(wrong).rejects.toMatchObject({ code: "usage", remedy: 'Did you mean "drop-table"?' });
    await expect(
      checkSql("select 1", { ...plain, known: { "set-not-nul-without-chek": "x" } }),
    ).rejects.toMatchObject({
      remedy: 'Did you mean "set-not-null-without-check"?',
    });
  });
});

describe("docs/sql-checks.md and its pages", () => {
  const pages = rulePages.map(({ path }) => new Page(path));
  const sections = new Map(
    pages.flatMap((page) =>
      [...page.prose.matchAll(/^### `([a-z-]+)`$/gm)].map(
        ([heading, code = ""]) => [code, page.section(heading)] as const,
      ),
    ),
  );
  const contexts: Readonly<Record<string, Partial<SqlContext>>> = {
    "concurrently-in-transaction": { isTransactional: true },
    "transaction-control": { isTransactional: true },
    "concurrent-index-if-not-exists": { isRetried: true },
    "non-repeatable-expression": { isRetried: true },
    "refused-in-transaction": { isTransactional: true },
  };

  async function check(code: string, text: string, textsBefore: readonly string[] = []) {
    const isExpression = !statementRules.some((rule) => rule.code === code);
    if (isExpression) return codesOf(await checkExpression(text, { isRetried: false }));
    return codesOf(await checkSql(text, { ...plain, ...contexts[code], textsBefore }));
  }

  test.each([...sqlChecksPages()])("%s is generated from the rules by npm run docs", (path, text) => {
    expect(new Page(path).text).toBe(text);
    expect(text.split("\n").length).toBeLessThanOrEqual(400);
  });

  test("have one section for each code", () => {
    const headings = pages.flatMap((page) =>
      [...page.prose.matchAll(/^### `([a-z-]+)`$/gm)].map(([, code]) => code),
    );
    expect([...headings].sort()).toEqual([...codes].sort());
  });

  test.each(codes)("its example of %s is flagged, and the safe form is not", async (code) => {
    const blocks = [...(sections.get(code) ?? "").matchAll(/^```sql\n(.*?)^```$/gms)].map(
      ([, sql = ""]) => sql,
    );
    const [example = "", ...safe] = blocks;
    expect(await check(code, example)).toContain(code);
    expect(safe.length).toBeGreaterThan(0);
    // A safe form that runs beside a transaction cannot stand in one.
    const outside = code.endsWith("-in-transaction");
    for (const [index, text] of safe.entries()) {
      const found = outside
        ? codesOf(await checkSql(text, plain))
        : await check(code, text, safe.slice(0, index));
      expect(found, text).toEqual([]);
    }
  });
});
