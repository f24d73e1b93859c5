import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
const tenants = ["acme", "globex", "initech"];
let tidefill: CommandLine;

beforeAll(async () => {
  for (const tenant of tenants) {
    await database.query(`create schema ${tenant}`);
    await database.query(`create table ${tenant}.essay (id bigint primary key, words integer)`);
    await database.query(`insert into ${tenant}.essay select g from generate_series(1, 50) g`);
  }
  tidefill = await CommandLine.open(database.url, {
    "fill-essay-words.ts": `
      import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";
      const essays = table("essay", { key: "id", columns: { id: "bigint", words: "integer?" } });
      export default defineSqlJob({
        name: "fill-essay-words",
        source: rowsOf(essays, { pending: sql\`words is null\` }),
        sink: update(essays, { words: sql\`id::integer\` }),
      });`,
  });
});
afterAll(async () => tidefill.close());

/** The address whose search path is one tenant's schema. */
function addressOf(tenant: string): string {
  const url = new URL(database.url);
  // Encoded as libpq reads an address: a plus is a plus, a space is %20.
  url.search = `?options=${encodeURIComponent(`-c search_path=${tenant}`)}`;
  return url.href;
}

function typed(command: string, tenant: string) {
  return tidefill.run(
    command,
    "fill-essay-words",
    "--database-url",
    addressOf(tenant),
    "--schema",
    `tidefill_${tenant}`,
  );
}

test("one job runs in each tenant's schema, each with its own store, and is undone in one of them (F3)", async () => {
  for (const tenant of tenants) {
    const { code, stderr } = await typed("run", tenant);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("run 1: 50 rows written");
  }
  const again = await typed("run", "acme");
  expect(again.code).toBe(3);
  expect(again.stderr).toContain("The job fill-essay-words has succeeded already: run 1, finished ");
  const { code, stderr } = await tidefill.run(
    "undo",
    "fill-essay-words",
    "--yes",
    "--database-url",
    addressOf("globex"),
    "--schema",
    "tidefill_globex",
  );
  expect(code, stderr).toBe(0);
  for (const tenant of tenants)
    expect(await database.query(`select count(words)::integer as filled from ${tenant}.essay`)).toEqual([
      { filled: tenant === "globex" ? 0 : 50 },
    ]);
});
