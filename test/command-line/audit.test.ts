import { hostname, userInfo } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { installSchema } from "../../src/store/schema/store-schema.ts";
import { Store } from "../../src/store/store.ts";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await CommandLine.open(database.url, {});
});
beforeEach(async () => {
  await database.query("drop schema if exists tidefill cascade");
  const store = new Store();
  const db = new Database(
    createPool({ connectionString: database.url, applicationName: "test", maxConnections: 1 }),
  );
  await installSchema(db, store.schema);
  const details = { workers: 4, code: "3f9a", note: "two words\n\u001b[2J", keys: Array(30).fill("17") };
  await store.audit.record(db, { action: "run", job: "fill-notes", run: 1n, details });
  await store.audit.record(db, { action: "pause", job: "fill-notes", run: 1n, details: {} });
  await store.audit.record(db, { action: "purge", job: null, run: null, details: { olderThan: "30d" } });
  await db.close();
});
afterEach(async () => tidefill.killAll());
afterAll(async () => tidefill.close());

test("audit shows which person did what and when, one line each", async () => {
  const { code, stdout } = await tidefill.run("audit");
  expect(code).toBe(0);
  const [heading, first, second, third, ...rest] = stdout.trimEnd().split("\n");
  expect(heading).toMatch(/^LINE +AT +WHO +ACTION +JOB +RUN +DETAILS$/);
  const role = new URL(database.url).username;
  expect(first).toContain(`${role} / ${userInfo().username}@${hostname()}`);
  expect(first).toMatch(/^ +1 +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .* run +fill-notes +1 +\S.*$/);
  for (const detail of ["workers=4", "code=3f9a", '"two words\\n\\u001b[2J"', '"17","17",'])
    expect(first).toContain(detail);
  expect(first).toContain("…");
  expect(second).toMatch(/ pause +fill-notes +1$/);
  expect(third).toMatch(/ purge +– +– +olderThan=30d$/);
  expect(rest).toEqual([]);
  expect(stdout).not.toContain("\u001b");
});

test("audit shows the lines of one run, and how many it leaves out", async () => {
  const ofRun = await tidefill.json("audit", "--run", "1");
  expect(ofRun.value).toMatchObject({
    total: 2,
    lines: [
      { number: 1, action: "run", job: "fill-notes", run: 1, previous: "" },
      { number: 2, action: "pause", job: "fill-notes", run: 1, details: {} },
    ],
  });
  const newest = await tidefill.run("audit", "--limit", "1");
  expect(newest.stdout).toContain("purge");
  expect(newest.stdout).not.toContain("pause");
  expect(newest.stderr).toContain("2 older lines: --limit 3");
  expect((await tidefill.run("audit", "--run", "9")).stdout).toBe(
    "The audit trail has no line about run 9.\n",
  );
});

test.each([
  ["--run", "fill-notes"],
  ["--run", ""],
  ["--limit", "0"],
  ["--limit", "many"],
  ["--check", "--run", "1"],
  ["--contains", "0".repeat(64)],
  ["--check", "--contains", "0123"],
])("audit %s %s is refused as wrong usage", async (...parameters) => {
  expect((await tidefill.run("audit", ...parameters)).code).toBe(2);
});

test("audit --check reports an intact trail", async () => {
  const { code, stdout } = await tidefill.run("audit", "--check");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^The audit trail is intact: 3 lines\. Hash of the last: [0-9a-f]{64}$/m);
  const checked = await tidefill.json("audit", "--check");
  expect(checked.code).toBe(0);
  expect(checked.value).toMatchObject({ lines: 3, isIntact: true, firstBroken: null, reason: null });
});

test("audit --check --contains finds a hash that was kept, and exits with 1 when it is gone", async () => {
  const { value } = await tidefill.json("audit", "--check");
  const { head } = value as { readonly head: string };
  const found = await tidefill.run("audit", "--check", "--contains", head);
  expect(found.code).toBe(0);
  expect(found.stdout).toContain("The hash of --contains is that of line 3.");
  const lost = await tidefill.run("audit", "--check", "--contains", head.replace(/./g, "0"));
  expect(lost.code).toBe(1);
  expect(lost.stderr).toContain("No line has the kept hash");
});

test("audit --check names the line that was altered, and exits with 1", async () => {
  await database.query("alter table tidefill.audit disable trigger user");
  await database.query("update tidefill.audit set os_user = 'somebody' where number = 2");
  const { code, stderr } = await tidefill.run("audit", "--check");
  expect(code).toBe(1);
  expect(stderr).toContain("The audit trail is broken. Line 2 was altered");
  expect(stderr).toContain("→ ");
  const checked = await tidefill.json("audit", "--check");
  expect(checked.code).toBe(1);
  expect(checked.value).toMatchObject({ lines: 3, isIntact: false, firstBroken: 2 });
});
