import {
  defineJob,
  defineSqlJob,
  dryRun,
  type Job,
  type RefusedError,
  reject,
  resumeRun,
  retryRejects,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { limited as limitedRole } from "../database/plan/refusals.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
const things = table("things.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
const session = { "app.user_id": "7", "app.tenant": "o'neill \\ co" };

beforeEach(async () => {
  await database.query(`
    drop schema if exists tidefill cascade; drop schema if exists things cascade; create schema things;
    create table things.t (id bigint primary key, n integer);
    insert into things.t select g, null from generate_series(1, 40) g;
    create table things.log (user_id integer, tenant text, id bigint);
    create function things.who() returns trigger language plpgsql as $$
    begin
      insert into things.log values (current_setting('app.user_id')::integer, current_setting('app.tenant'), new.id);
      return new;
    end $$;
    create trigger who after update on things.t for each row execute function things.who()`);
});

function fill(more: object = {}): Job {
  return defineSqlJob({
    name: "fill",
    session,
    source: rowsOf(things, { pending: sql`n is null and current_setting('app.user_id') = '7'` }),
    sink: update(things, { n: sql`current_setting('app.user_id')::integer` }),
    ...more,
  });
}

async function logged(): Promise<unknown> {
  return database.query(
    "select user_id, tenant, count(*)::integer as rows from things.log group by user_id, tenant",
  );
}

const connectionString = (): { readonly connectionString: string } => ({ connectionString: database.url });

test("triggers and the job's own SQL read the job's settings in run, verify and undo (D7)", async () => {
  const report = await runJob(fill(), connectionString());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 40, rejected: 0 } });
  expect(await database.query("select distinct n from things.t")).toEqual([{ n: 7 }]);
  expect(await verifyRun(fill(), connectionString())).toMatchObject({ rows: { conflicted: 0 } });
  // The undo loads no code of the job: the run remembers its settings.
  expect(await undoRun(String(report.run), connectionString())).toMatchObject({ rows: { written: 40 } });
  expect(await logged()).toEqual([{ user_id: 7, tenant: session["app.tenant"], rows: 80 }]);
});

test("a setting that a trigger lacks is reported in PostgreSQL's words, and can be given at a resume (D7)", async () => {
  const bare = fill({
    session: {},
    source: rowsOf(things, { pending: sql`n is null` }),
    sink: update(things, { n: sql`7` }),
  });
  const report = await runJob(bare, connectionString());
  const told = await database.query("select reason from tidefill.reject limit 1");
  expect(`${report.message} ${JSON.stringify(told)}`).toContain("unrecognized configuration parameter");
  const mended = fill({
    source: rowsOf(things, { pending: sql`n is null` }),
    sink: update(things, { n: sql`7` }),
  });
  const options = { ...connectionString(), acceptChanges: true };
  expect(await resumeRun(mended, "fill", options)).toMatchObject({
    status: "succeeded",
    rows: { written: 40 },
  });
});

test("a dry run and a retry of rejects use the job's settings (D7)", async () => {
  const poison = { word: "bad" };
  const job = defineJob({
    name: "fill-rows",
    session,
    source: rowsOf(things, { read: ["n"] }),
    transform: ({ id }) => (id === 5n && poison.word === "bad" ? reject("not yet") : { n: Number(id) }),
    sink: update(things, ["n"]),
  });
  expect((await dryRun(job, connectionString())).rows).toMatchObject({ written: 39, rejected: 1 });
  const report = await runJob(job, connectionString());
  poison.word = "good";
  expect(await retryRejects(job, String(report.run), connectionString())).toMatchObject({
    rows: { written: 1, rejected: 0 },
  });
  expect(await logged()).toEqual([{ user_id: 7, tenant: session["app.tenant"], rows: 40 }]);
});

test("a resume with other settings is refused as a change of the job (D7)", async () => {
  const stopped = await runJob(fill(), { ...connectionString(), canary: "5 rows" });
  expect(stopped).toMatchObject({ stopReason: "canary" });
  const other = fill({ session: { ...session, "app.user_id": "8" } });
  await expect(resumeRun(other, "fill", connectionString())).rejects.toMatchObject({
    check: "nothing-changed-since",
  });
  expect(await resumeRun(fill(), "fill", connectionString())).toMatchObject({ status: "succeeded" });
});

test("a parameter of PostgreSQL is refused as a job's setting (D7)", () => {
  expect(() => fill({ session: { search_path: "app" } })).toThrow(
    "session of job fill sets search_path, which is not a custom setting.",
  );
  expect(() => fill({ session: { "app.user_id; drop table t": "1" } })).toThrow(
    "which is not a custom setting",
  );
  expect(() => fill({ session: { "app.user_id": 1 } })).toThrow("is not a text");
});

const role = "filler_of_things";
const granted =
  (): string => `grant create on database ${database.name} to ${role}; grant usage on schema things to ${role}; grant select, update on things.t to ${role};
  grant select, insert on things.log to ${role}`;

function asRole(work: (url: string) => Promise<void>): Promise<void> {
  return limitedRole(database, granted(), work, role);
}

test("a trigger that works on another table with row security works as it does for the application (D7)", async () => {
  await database.query(`
    alter table things.log enable row level security;
    create policy put on things.log for insert with check (current_setting('app.user_id') = '7');
    create policy see on things.log for select using (false);
    create function things.look() returns trigger language plpgsql as $$
    begin
      if exists (select from things.log) then raise exception 'it sees hidden rows'; end if;
      return new;
    end $$;
    create trigger look after update on things.t for each row execute function things.look()`);
  await asRole(async (url) => {
    const options = { connectionString: url };
    const report = await runJob(fill(), options);
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 40, rejected: 0 } });
    expect((await dryRun(fill({ name: "dry" }), options)).rows.rejected).toBe(0);
    expect(await undoRun(String(report.run), options)).toMatchObject({ rows: { written: 40 } });
  });
});

test("a policy that begins to hide rows stops a run and an undo, so that no row is silently missed (D7)", async () => {
  const hide = `alter table things.t enable row level security;
    create policy half on things.t using (id % 2 = 0)`;
  await asRole(async (url) => {
    const options = { connectionString: url };
    await runJob(fill(), { ...options, canary: "5 rows" });
    await database.query(hide);
    await expect(resumeRun(fill(), "fill", options)).rejects.toMatchObject({
      check: "row-security-hides-nothing",
    });
    await database.query("alter table things.t disable row level security");
    const report = await resumeRun(fill(), "fill", options);
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 40 } });
    await database.query("alter table things.t enable row level security");
    const undone = await undoRun(String(report.run), options);
    expect(undone).toMatchObject({ status: "failed", rows: { written: 0, skipped: 0, conflicted: 0 } });
    expect(undone.message).toContain("row-level security");
    await database.query("alter table things.t disable row level security");
    expect(await resumeRun(null, String(undone.run), options)).toMatchObject({ rows: { written: 40 } });
  });
});

test("where policies are forced on the owner, the owner can type the remedy (D6)", async () => {
  await asRole(async (url) => {
    await database.query(`alter table things.t owner to ${role};
      alter table things.t enable row level security, force row level security`);
    const refused = (await runJob(fill(), { connectionString: url }).catch(
      (error: unknown) => error,
    )) as RefusedError;
    expect([refused.message, refused.remedy]).toEqual([
      `Row security hides rows of things.t from the role ${role}: they would be missed.`,
      "The table applies its policies to its owner, too. For the duration of the run: alter table things.t no force row level security;   or run as a role with the attribute bypassrls.",
    ]);
    await database.query(`set role ${role}; alter table things.t no force row level security; reset role`);
    expect(await runJob(fill(), { connectionString: url })).toMatchObject({ status: "succeeded" });
    await database.query("alter table things.t owner to current_user");
  });
});
