import { hostname, userInfo } from "node:os";
import { sql } from "tidefill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { Database } from "../../../src/postgres/transaction/database.ts";
import type { AuditEntry } from "../../../src/store/audit/audit.ts";
import { installSchema, uninstallSchema } from "../../../src/store/schema/store-schema.ts";
import { Store } from "../../../src/store/store.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();
const store = new Store();
const { audit } = store;
const opened: Database[] = [];
let db: Database;

beforeEach(async () => {
  await database.query("drop schema if exists tidefill cascade");
  db = connect();
  await installSchema(db, store.schema);
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function connect(): Database {
  const opening = new Database(
    createPool({ connectionString: database.url, applicationName: "tidefill audit", maxConnections: 4 }),
  );
  opened.push(opening);
  return opening;
}

function entry(action: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return { action, job: "fill-notes", run: 7n, details: { workers: 4 }, ...more };
}

async function recordFive(): Promise<void> {
  for (const action of ["run", "pause", "set", "resume", "undo"]) await audit.record(db, entry(action));
}

/** Changes the audit as a superuser can, with its triggers disabled. */
async function tamper(...statements: readonly string[]): Promise<void> {
  for (const table of ["audit", "audit_head"])
    await database.query(`alter table tidefill.${table} disable trigger user`);
  for (const statement of statements) await database.query(statement);
  for (const table of ["audit", "audit_head"])
    await database.query(`alter table tidefill.${table} enable trigger user`);
}

/** The hash of a line, computed as a skilled forger would. */
const rightHash = `sha256(previous || convert_to(jsonb_build_array(number,
  to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  role, os_user, host, action, job, run_id, details)::text, 'UTF8'))`;

test("a line shows who did what and when", async () => {
  const before = new Date().toISOString();
  await audit.record(db, entry("run"));
  await audit.record(db, entry("schema install", { job: null, run: null, details: {} }));
  const [first, second] = await audit.list(db, { limit: 10 });
  const role = new URL(database.url).username;
  expect(first).toMatchObject({
    ...{ number: 1n, action: "run", job: "fill-notes", run: 7n, details: { workers: 4 } },
    ...{ role, osUser: userInfo().username, host: hostname(), previous: "" },
  });
  expect(first?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(Math.abs(Date.parse(first?.at ?? "") - Date.parse(before))).toBeLessThan(60_000);
  expect(second).toMatchObject({ number: 2n, job: null, run: null, details: {}, previous: first?.hash });
});

test("the hash of a line can be computed by anyone who has its fields", async () => {
  await recordFive();
  const wrong = await database.query(`select number from tidefill.audit where hash <> ${rightHash}`);
  expect(wrong).toEqual([]);
});

test("list shows the newest lines, oldest first, and only one run's when it is given", async () => {
  await recordFive();
  await audit.record(db, entry("purge", { job: null, run: null }));
  await audit.record(db, entry("run", { run: 8n }));
  const numbers = async (wanted: { run?: bigint; limit: number }) =>
    (await audit.list(db, wanted)).map(({ number }) => Number(number));
  expect(await numbers({ limit: 3 })).toEqual([5, 6, 7]);
  expect(await numbers({ limit: 2, run: 7n })).toEqual([4, 5]);
  expect(await numbers({ limit: 9, run: 8n })).toEqual([7]);
  expect([await audit.count(db), await audit.count(db, 7n), await audit.count(db, 9n)]).toEqual([7, 5, 0]);
});

test("details survive, whatever they contain", async () => {
  const details = {
    "na\u0000me": "nul \u0000, half a pair \ud83d, a whole one 😀, \\u0000, \\",
    number: 12345678901234567890n,
    nested: [{ "": null, price: 1.5 }],
  };
  await audit.record(db, entry("run", { details }));
  expect((await audit.list(db, { limit: 1 }))[0]?.details).toEqual({
    "na\ufffdme": "nul \ufffd, half a pair \ufffd, a whole one 😀, \\u0000, \\",
    number: "12345678901234567890",
    nested: [{ "": null, price: 1.5 }],
  });
  expect(await audit.check(db)).toMatchObject({ isIntact: true });
});

test("a line commits with the change that it records, or not at all", async () => {
  await database.query("drop table if exists told; create table told (n integer)");
  const failing = db.transaction(async (tx) => {
    await tx.query(sql`insert into told values (1)`);
    await audit.record(tx, entry("run"));
    throw new Error("changed my mind");
  });
  await expect(failing).rejects.toThrow("changed my mind");
  expect(await audit.count(db)).toBe(0);
  await db.transaction(async (tx) => {
    await tx.query(sql`insert into told values (2)`);
    await audit.record(tx, entry("run"));
    await audit.record(tx, entry("pause"));
  });
  expect(await database.query("select n from told")).toEqual([{ n: 2 }]);
  expect(await audit.check(db)).toMatchObject({ lines: 2, isIntact: true });
});

test("lines that many connections add at once form one chain, also when some of them roll back", {
  tags: ["promise"],
}, async () => {
  const connections = [connect(), connect(), connect()];
  const work = connections.flatMap((connection, who) =>
    Array.from({ length: 40 }, async (_, turn) => {
      if (turn % 4 === 0) return connection.rolledBack((tx) => audit.record(tx, entry("never")));
      if (turn % 4 === 1) return connection.transaction((tx) => audit.record(tx, entry("in transaction")));
      return audit.record(connection, entry("alone", { run: BigInt(who), details: { turn } }));
    }),
  );
  await Promise.all(work);
  expect(await audit.check(db)).toEqual({
    ...{ lines: 90, isIntact: true, firstBroken: null, reason: null },
    ...{ contains: null, unrecordedRuns: [] },
    head: (await audit.list(db, { limit: 1 }))[0]?.hash,
  });
  const [oracle] = await database.query(`
    select count(*)::integer as lines, max(number)::integer as last, count(distinct previous)::integer as links,
      bool_and(at >= before) is true as is_in_time
    from (select *, lag(at, 1, at) over (order by number) as before from tidefill.audit) as line
    where action <> 'never'`);
  expect(oracle).toEqual({ lines: 90, last: 90, links: 90, is_in_time: true });
});

test("a trail without lines is intact, and so is one read in another time zone", async () => {
  expect(await audit.check(db)).toEqual({
    ...{ lines: 0, isIntact: true, firstBroken: null, reason: null, head: "" },
    ...{ contains: null, unrecordedRuns: [] },
  });
  await recordFive();
  await database.query(`alter database ${database.name} set timezone = 'Asia/Kathmandu'`);
  await database.query(`alter database ${database.name} set datestyle = 'German'`);
  await database.query(`alter database ${database.name} set bytea_output = 'escape'`);
  const elsewhere = connect();
  await audit.record(elsewhere, entry("run"));
  expect(await audit.check(elsewhere)).toMatchObject({ lines: 6, isIntact: true });
  expect(await audit.check(db)).toMatchObject({ lines: 6, isIntact: true });
  await database.query(`alter database ${database.name} reset all`);
});

test.each([
  "update tidefill.audit set action = 'nothing' where number = 2",
  "update tidefill.audit set action = action where false",
  "delete from tidefill.audit",
  "truncate tidefill.audit",
  "update tidefill.audit_head set number = 4, hash = (select hash from tidefill.audit where number = 4)",
  "delete from tidefill.audit_head",
  "truncate tidefill.audit_head",
])("the database refuses: %s", async (statement) => {
  await recordFive();
  await expect(database.query(statement)).rejects.toThrow(
    /^tidefill\.audit(_head)? is append-only: (update|delete|truncate) is refused$/,
  );
  expect(await audit.check(db)).toMatchObject({ lines: 5, isIntact: true });
});

const fields: readonly (readonly [string, string])[] = [
  ["at", "at + interval '1 microsecond'"],
  ["at", "'infinity'"],
  ["role", "'somebody'"],
  ["os_user", "os_user || ' '"],
  ["host", "'elsewhere'"],
  ["action", "'status'"],
  ["job", "null"],
  ["run_id", "8"],
  ["run_id", "null"],
  ["details", `'{"workers": 4.0}'`],
  ["details", "'{}'"],
  ["hash", "sha256('x')"],
];

test.each(fields)("a line whose %s became %s is found", async (column, value) => {
  await recordFive();
  await tamper(`update tidefill.audit set ${column} = ${value} where number = 3`);
  expect(await audit.check(db)).toMatchObject({
    ...{ lines: 5, isIntact: false, firstBroken: 3 },
    reason: "Line 3 was altered: its hash does not fit its fields.",
  });
});

/** A forger's statements, the first line that shows them, and the reason given. */
const forgeries: Readonly<Record<string, readonly [readonly string[], number | null, RegExp]>> = {
  "an altered line with the right hash": [
    [
      "update tidefill.audit set action = 'x' where number = 3",
      `update tidefill.audit set hash = ${rightHash} where number = 3`,
    ],
    4,
    /^Line 4 or the one before it was replaced/,
  ],
  "an altered last line with the right hash": [
    [
      "update tidefill.audit set action = 'x' where number = 5",
      `update tidefill.audit set hash = ${rightHash} where number = 5`,
    ],
    5,
    /^Line 5 was replaced/,
  ],
  "a first line that follows another": [
    [
      "update tidefill.audit set previous = sha256('x') where number = 1",
      `update tidefill.audit set hash = ${rightHash} where number = 1`,
    ],
    1,
    /^Line 1 was replaced/,
  ],
  "a removed first line": [["delete from tidefill.audit where number = 1"], 1, /^Line 1 is missing/],
  "a removed line": [["delete from tidefill.audit where number = 3"], 3, /^Line 3 is missing/],
  "removed lines": [
    ["delete from tidefill.audit where number in (2, 3)"],
    2,
    /^The lines 2 to 3 are missing/,
  ],
  "a removed line with the rest renumbered": [
    [
      "delete from tidefill.audit where number = 3",
      "update tidefill.audit set number = 3 where number = 4",
      "update tidefill.audit set number = 4 where number = 5",
    ],
    3,
    /^Line 3 was altered/,
  ],
  "a removed last line": [["delete from tidefill.audit where number = 5"], 5, /^Line 5 is missing/],
  "removed last lines": [
    ["delete from tidefill.audit where number >= 4"],
    4,
    /^The lines 4 to 5 are missing/,
  ],
  "no line left": [["truncate tidefill.audit"], 1, /^The lines 1 to 5 are missing/],
  "swapped lines": [
    [
      "update tidefill.audit set number = -1 where number = 2",
      "update tidefill.audit set number = 2 where number = 3",
      "update tidefill.audit set number = 3 where number = -1",
    ],
    2,
    /^Line 2 was altered/,
  ],
  "swapped lines with the right hashes": [
    [
      "update tidefill.audit as line set action = other.action from tidefill.audit as other where line.number in (2, 3) and other.number = 5 - line.number",
      `update tidefill.audit set hash = ${rightHash} where number in (2, 3)`,
    ],
    3,
    /^Line 3 or the one before it was replaced/,
  ],
  "an inserted line": [
    [
      "update tidefill.audit set number = 6 where number = 5",
      "update tidefill.audit set number = 5 where number = 4",
      "update tidefill.audit set number = 4 where number = 3",
      "insert into tidefill.audit select 3, at, role, os_user, host, 'forged', job, run_id, details, hash, '' from tidefill.audit where number = 2",
      `update tidefill.audit set hash = ${rightHash} where number = 3`,
    ],
    4,
    /^Line 4 was altered/,
  ],
  "a line before the first": [
    [
      "insert into tidefill.audit select 0, at, role, os_user, host, 'forged', job, run_id, details, '', '' from tidefill.audit where number = 1",
    ],
    0,
    /^Line 0 was added/,
  ],
  "a line after the last": [
    [
      "insert into tidefill.audit select 6, at, role, os_user, host, 'forged', job, run_id, details, hash, '' from tidefill.audit where number = 5",
      `update tidefill.audit set hash = ${rightHash} where number = 6`,
    ],
    6,
    /^Line 6 was added/,
  ],
  "a duplicated line": [
    [
      "alter table tidefill.audit drop constraint audit_pkey",
      "insert into tidefill.audit select * from tidefill.audit where number = 3",
    ],
    3,
    /^Line 3 was added/,
  ],
  "a missing head": [["delete from tidefill.audit_head"], null, /^The trail lost its head/],
};

test.each(Object.entries(forgeries))(
  "%s is found",
  { tags: ["promise"] },
  async (_, [statements, line, reason]) => {
    await recordFive();
    await tamper(...statements);
    const found = await audit.check(db);
    expect(found).toMatchObject({ isIntact: false, firstBroken: line });
    expect(found.reason).toMatch(reason);
  },
);

test("later records do not hide tampering", async () => {
  for (const name of ["a removed last line", "a line after the last", "no line left"]) {
    await database.query("drop schema tidefill cascade");
    await installSchema(db, store.schema);
    await recordFive();
    const [statements = []] = forgeries[name] ?? [];
    await tamper(...statements);
    await recordFive();
    expect(await audit.check(db), name).toMatchObject({ isIntact: false });
  }
});

test("a hash kept elsewhere reveals a trail that was cut off or rewritten", async () => {
  await recordFive();
  const { head } = await audit.check(db);
  const kept = head ?? "";
  await audit.record(db, entry("cancel"));
  expect(await audit.check(db, kept)).toMatchObject({ isIntact: true, lines: 6, contains: 5 });
  expect(await audit.check(db, kept.toUpperCase())).toMatchObject({ isIntact: true, contains: 5 });
  await tamper(
    "delete from tidefill.audit where number > 4",
    "update tidefill.audit_head set number = 4, hash = (select hash from tidefill.audit where number = 4)",
  );
  expect(await audit.check(db)).toMatchObject({ isIntact: true, lines: 4 });
  expect(await audit.check(db, kept)).toMatchObject({
    ...{ isIntact: false, firstBroken: null, contains: null },
    reason: expect.stringMatching(/^No line has the kept hash/),
  });
  await recordFive();
  expect(await audit.check(db, kept)).toMatchObject({ isIntact: false, contains: null });
});

test("a run whose lines were cut off is reported, and a verify needs no line", async () => {
  const create = async (kind: "run" | "undo" | "verify", isRecorded: boolean): Promise<number> => {
    const [row] = await database.query(
      `insert into tidefill.run (finished_at, job, kind, status, parameters, reject_limit, code, key_fingerprint, table_fingerprint)
      values (now(), 'fill-notes', '${kind}', 'cancelled', '{}', '0', '{}', '', '') returning id::integer`,
    );
    const run = Number(row?.id);
    if (isRecorded) await audit.record(db, entry(kind, { run: BigInt(run) }));
    return run;
  };
  const first = await create("run", true);
  await create("verify", false);
  expect(await audit.check(db)).toMatchObject({ isIntact: true, unrecordedRuns: [] });
  const later = [await create("run", true), await create("undo", true)];
  expect(await audit.check(db)).toMatchObject({ isIntact: true, unrecordedRuns: [] });
  await tamper(
    "delete from tidefill.audit where number > 1",
    "update tidefill.audit_head set number = 1, hash = (select hash from tidefill.audit where number = 1)",
  );
  // A line that only mentions a run does not record its beginning.
  await audit.record(db, entry("pause", { run: BigInt(later[0] ?? 0) }));
  expect(await audit.check(db)).toMatchObject({
    ...{ isIntact: false, lines: 2, unrecordedRuns: later },
    reason: `No line records the runs ${later.join(", ")}, though a run cannot begin without one.`,
  });
  expect(later).not.toContain(first);
});

test("nothing is recorded when the head row is missing", async () => {
  await recordFive();
  await tamper("delete from tidefill.audit_head");
  await expect(audit.record(db, entry("run"))).rejects.toMatchObject({ code: "audit-broken" });
  expect(await audit.count(db)).toBe(5);
});

test("uninstalling leaves nothing behind", async () => {
  await recordFive();
  expect(await uninstallSchema(db, store.schema)).toBe(true);
  expect(await database.query("select from pg_namespace where nspname = 'tidefill'")).toEqual([]);
  await database.query("create schema tidefill; create table tidefill.mine (id integer)");
  expect(await installSchema(db, store.schema)).toBe(true);
  await recordFive();
  expect(await uninstallSchema(db, store.schema)).toBe(true);
  const left = await database.query(`
    select relname as name from pg_class where relnamespace = 'tidefill'::regnamespace
    union all
    select proname from pg_proc where pronamespace = 'tidefill'::regnamespace`);
  expect(left).toEqual([{ name: "mine" }]);
});
