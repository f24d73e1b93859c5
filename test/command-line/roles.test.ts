import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backupJob } from "../../src/backup/backup-job.ts";
import { requestStop } from "../../src/engine/control/request-stop.ts";
import { setPace } from "../../src/engine/control/set-pace.ts";
import { contractJob } from "../../src/engine/run/contract-job.ts";
import { undoJob } from "../../src/engine/undo/undo-job.ts";
import {
  addCheck,
  createIndex,
  createTable,
  defineSqlJob,
  defineSteps,
  resumeRun,
  rowsOf,
  runJob,
  setNotNull,
  sql,
  table,
  undoRun,
  update,
  verifyRun,
} from "../../src/index.ts";
import { purge } from "../../src/retention/purge.ts";
import { roleNames } from "../../src/store/schema/role-names.ts";
import { rolesScript } from "../../src/store/schema/roles-script.ts";
import { schemaScript } from "../../src/store/schema/schema-script.ts";
import { type Session, withSession } from "../../src/store/session.ts";
import { useDatabase } from "../support/database.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
// Roles belong to the whole server, so each test file has its own.
const schema = `roles_${randomBytes(4).toString("hex")}`;
const roles = roleNames(schema);
/** Two runners: one goes on with what the other has begun. */
const people = {
  owner: "owner",
  runner: "runner",
  colleague: "runner",
  operator: "operator",
  viewer: "viewer",
} as const;
type Person = keyof typeof people;
const lines = new Map<Person, CommandLine>();
let folder: string;

const files = {
  "tables.ts": `import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", note: "text?" } });`,
  // One row divides by zero.
  "count.ts": `import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineSqlJob({
  name: "count",
  source: rowsOf(counters, { pending: sql\`note is null\` }),
  sink: update(counters, { note: sql\`'n' || 100 / (n - 50)\` }),
  pace: { batchTime: "20ms", rowsPerSecond: 2000 },
});`,
  "own-table.ts": `import { createTable, defineSteps, sql } from "tidefill";
export default defineSteps({
  name: "own-table",
  expand: [createTable("own", sql\`create table own (id bigint primary key, n integer)\`)],
});`,
};

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", note: "text?" } });
const slow = defineSqlJob({
  name: "slow",
  source: rowsOf(counters),
  sink: update(counters, { n: sql`n` }),
  pace: { batchTime: "20ms", rowsPerSecond: 500 },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-roles-"));
  await database.query("create table counters (id bigint primary key, n integer not null, note text)");
  await database.query("insert into counters select g, g from generate_series(1, 2000) g; analyze counters");
  await database.query(`${schemaScript(schema)}\n${rolesScript(schema)}`);
  for (const [person, kind] of Object.entries(people) as [Person, keyof typeof roles][]) {
    await database.query(
      `create role ${schema}_${person}_login login password 'word' in role ${roles[kind]}`,
    );
    lines.set(person, await CommandLine.open(urlOf(person), files));
  }
  await database.query(`grant select, update on counters to ${roles.runner};
    grant create on schema public to ${roles.runner}`);
});

afterAll(async () => {
  for (const line of lines.values()) await line.close();
  await rm(folder, { recursive: true, force: true });
  const all = [...Object.keys(people).map((person) => `${schema}_${person}_login`), ...Object.values(roles)];
  await database.query(`drop owned by ${all.join(", ")} cascade; drop role ${all.join(", ")}`);
});

function urlOf(person: Person): string {
  const url = new URL(database.url);
  [url.username, url.password] = [`${schema}_${person}_login`, "word"];
  return url.href;
}

function as(person: Person) {
  return { connectionString: urlOf(person), schema };
}

function line(person: Person): CommandLine {
  const found = lines.get(person);
  if (found === undefined) throw new Error(`Nobody is ${person}.`);
  return found;
}

async function says(person: Person, ...parameters: readonly string[]) {
  return line(person).run(...parameters, "--schema", schema);
}

async function isAtWork(job: string): Promise<void> {
  const question = `select from ${schema}.range join ${schema}.run on run.id = run_id where job = $1 and batches > 0`;
  await until(async () => (await database.query(question, [job])).length > 0, { describe: `${job} at work` });
}

test("a runner resumes, verifies and undoes a run whose other runner was killed", async () => {
  const killed = line("runner").start("run", "count", "--schema", schema);
  await isAtWork("count");
  killed.kill("SIGKILL");
  await outcomeOf(killed);
  const resumed = await says("colleague", "resume", "count");
  expect(resumed, resumed.stderr).toMatchObject({ code: 4 });
  const [row] = await database.query(
    `select id::integer, (select count(*)::integer from ${schema}.reject where run_id = run.id) as rejects,
       (select tableowner::text from pg_tables where schemaname = $1 and tablename = 'undo_' || run.id) as owner
     from ${schema}.run`,
    [schema],
  );
  expect(row).toMatchObject({ rejects: 1, owner: roles.runner });
  expect(await undoRun(String(row?.id), as("colleague"))).toMatchObject({
    status: "succeeded",
    rows: { written: 1_999 },
  });
  expect(await database.query("select from counters where note is not null")).toEqual([]);
});

test("an operator sets, pauses and cancels a working run, and a runner resumes it", async () => {
  const operate = <T>(work: Parameters<typeof withSession<T>>[3]): Promise<T> =>
    withSession("operator", as("operator"), 5, work);
  const first = runJob(slow, as("runner"));
  await isAtWork("slow");
  expect(await operate((session) => setPace(session, "slow", ["workers=2"]))).toMatchObject({
    isAtWork: true,
  });
  await operate((session) => requestStop(session, "slow", "paused"));
  expect(await first).toMatchObject({ status: "paused", stopReason: "paused" });
  const second = resumeRun(slow, "slow", as("colleague"));
  await until(
    async () =>
      (await database.query(`select from ${schema}.run where job = 'slow' and status = 'running'`)).length >
      0,
    { describe: "slow at work again" },
  );
  const cancel = (session: Session) => requestStop(session, "slow", "cancelled");
  await expect(withSession("viewer", as("viewer"), 5, cancel)).rejects.toMatchObject({ code: "42501" });
  await operate(cancel);
  expect(await second).toMatchObject({ status: "cancelled" });
  const { rows } = await withSession("viewer", as("viewer"), 5, ({ db, store }) =>
    db.query(sql`select action from ${store.schema.table("audit")} where job = 'slow' order by number`),
  );
  expect(rows.map(({ action }) => action)).toEqual(["run", "set", "pause", "resume", "cancel"]);
});

test("a runner does the steps before and after the rows, and undoes them", async () => {
  const job = defineSteps({
    name: "steps",
    expand: [
      createTable("made", sql`create table made (id bigint primary key, n integer)`),
      addCheck("made", "made_n", sql`n > 0`),
      createIndex("made_by_n", { on: "made", by: sql`n` }),
    ],
    contract: [setNotNull("made", "n")],
  });
  expect(await runJob(job, as("runner"))).toMatchObject({ status: "succeeded", contract: { open: [] } });
  expect(await contractJob(job, as("runner"))).toMatchObject({ open: [] });
  await undoJob(job, as("runner"));
  expect(await database.query("select to_regclass('made') as made")).toEqual([{ made: null }]);
});

test("a runner verifies, backs up, does all that is pending, and drops undo logs; the owner purges runs", async () => {
  const quick = defineSqlJob({
    name: "quick",
    source: rowsOf(counters),
    sink: update(counters, { note: sql`'n' || id` }),
  });
  expect(await backupJob(quick, { ...as("runner"), directory: join(folder, "kept") })).toMatchObject({
    rows: 2_000,
  });
  expect(await runJob(quick, as("runner"))).toMatchObject({ status: "succeeded" });
  expect(await verifyRun(quick, as("colleague"))).toMatchObject({
    status: "succeeded",
    rows: { rejected: 0 },
  });
  const up = await says("runner", "up", "--to", "own-table");
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const purging = (person: Person, undoLogsOnly: boolean) =>
    withSession(person, as(person), 5, (session) => purge(session, { olderThanMs: 0, undoLogsOnly }));
  const logs = (
    await database.query("select from pg_tables where schemaname = $1 and tablename ~ '^undo_'", [schema])
  ).length;
  expect(logs).toBeGreaterThan(0);
  await expect(purging("viewer", true)).rejects.toMatchObject({ code: "42501" });
  expect(await purging("colleague", true)).toMatchObject({ undoLogs: logs, runs: 0 });
  await expect(purging("runner", false)).rejects.toMatchObject({ code: "42501" });
  expect((await purging("owner", false)).runs).toBeGreaterThan(0);
});

test("a viewer sees runs, jobs, the audit and what is left to do", async () => {
  const seen = await Promise.all(
    [["status"], ["list"], ["audit"], ["check", "--require", "own-table"]].map((words) =>
      says("viewer", ...words),
    ),
  );
  for (const { code, stderr } of seen) expect(code, stderr).toBe(0);
});

test("a role that may not start runs is refused, with the grants that it lacks", async () => {
  await database.query(`grant select, update on counters to ${schema}_operator_login`);
  const [viewer, operator] = await Promise.all([
    says("viewer", "run", "count"),
    // The operator may write the rows, but not keep runs.
    says("operator", "run", "count", "--again"),
  ]);
  expect(viewer, viewer.stderr).toMatchObject({ code: 3 });
  expect(viewer.stderr).toContain(`The role ${schema}_viewer_login may not select public.counters.id`);
  expect(operator, operator.stderr).toMatchObject({ code: 3 });
  expect(operator.stderr).toContain(`The role ${schema}_operator_login may not do all that a run does`);
  expect(operator.stderr).toContain(`grant insert on ${schema}.run to ${schema}_operator_login`);
});

test.each([
  ...["runner", "operator", "viewer"].flatMap((kind) => [
    [kind, "update audit set job = 'x'"],
    [kind, "delete from audit"],
    [kind, "drop table run cascade"],
    [kind, "truncate range"],
    [kind, "delete from run"],
    [kind, "insert into erased (table_name, key) values ('t', '{1}')"],
    [kind, "alter table run disable trigger all"],
  ]),
  ["operator", "update range set status = 'done'"],
  ["operator", "update run set job = 'x'"],
  ["operator", "insert into run default values"],
  ["operator", "update public.counters set n = 0"],
  ["operator", "create table mine ()"],
  ["viewer", "insert into reject (run_id, key, range_number, reason) values (1, '{1}', 1, 'x')"],
  ["viewer", "update run set wanted = 'paused'"],
  ["viewer", "create table mine ()"],
  ["viewer", "select from public.counters"],
] as [keyof typeof roles, string][])("the database refuses %s: %s", async (kind, statement) => {
  const client = await database.pool.connect();
  try {
    await client.query(`set search_path = ${schema}; set role ${roles[kind]}`);
    await expect(client.query(statement)).rejects.toMatchObject({ code: "42501" });
  } finally {
    await client.query("reset role; reset search_path");
    client.release();
  }
});
