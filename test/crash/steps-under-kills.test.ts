import { once } from "node:events";
import { contractJob, type Job, runJob, undoJob } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { spawnProgram } from "../support/spawn-program.ts";
import { everyStep, losingSteps } from "./jobs/steps.ts";
import { isLong } from "./programs/random.ts";
import type { StepsOptions } from "./programs/steps-runner.ts";

const database = useDatabase();
const program = new URL("./programs/steps-runner.ts", import.meta.url);
const delays = isLong ? [0, 1, 2, 5, 10, 20, 50, 100] : [0];

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists parent, child, told, lost`);
  await database.query(`
    create table parent (id bigint primary key, body text, other integer);
    create table lost (id bigint);
    create table told (id bigint generated always as identity, what text not null);
    insert into parent select g, repeat(md5(g::text), 4), g from generate_series(1, 30000) g;
    create index parent_old on parent (other, id)`);
});

/** Everything in the schema that a step could have changed, and every row. */
async function state(): Promise<unknown> {
  return database.query(`
    select 'column' as what, attrelid::regclass::text as of, attname as name,
      concat_ws(' ', format_type(atttypid, atttypmod), attnotnull,
        (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)) as is
    from pg_attribute
    where attrelid in (to_regclass('parent'), to_regclass('child')) and attnum > 0 and not attisdropped
    union all
    select 'constraint', conrelid::regclass::text, conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
    from pg_constraint
    where conrelid in (to_regclass('parent'), to_regclass('child'))
    union all
    select 'index', indrelid::regclass::text, indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
    from pg_index
    where indrelid in (to_regclass('parent'), to_regclass('child'))
    union all
    select 'rows', 'parent', '', md5(string_agg(p::text, ',' order by id)) from parent p
    order by 1, 2, 3`);
}

async function told(): Promise<readonly unknown[]> {
  return (await database.query("select what from told order by id")).map(({ what }) => what);
}

/** Runs a process to its end; returns whether it was killed. */
async function runner(given: Omit<StepsOptions, "url">): Promise<boolean> {
  const child = spawnProgram(program, { ...given, url: database.url });
  let complaints = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (signal === "SIGKILL") return true;
  expect(code, complaints).toBe(0);
  return false;
}

async function unkilled(job: Job): Promise<void> {
  await runJob(job, { connectionString: database.url });
  await contractJob(job, { connectionString: database.url });
}

/**
 * Kills process after process, at an earlier and then a later statement, so that some repeat the step from
 * its start.
 */
async function underKills(given: Pick<StepsOptions, "job" | "way">, afterMs: number): Promise<number> {
  for (let kills = 0; kills < 100; kills += 1) {
    // Killed at once, the process has not sent that statement.
    const atStatement = (afterMs === 0 ? 2 : 1) + (kills % 3);
    if (!(await runner({ ...given, kill: { atStatement, afterMs } }))) return kills;
  }
  throw new Error("It does not go forward.");
}

test.each(delays)(
  "steps whose process is killed %s ms after it began each statement end as if undisturbed",
  async (afterMs) => {
    const job = "every-step";
    const before = await state();
    await unkilled(everyStep);
    const after = await state();
    await undoJob(everyStep, { connectionString: database.url });
    expect(await state()).toEqual(before);
    expect(await told()).toEqual(["up", "down"]);
    const kills = [await underKills({ job, way: "up" }, afterMs)];
    expect(await state()).toEqual(after);
    kills.push(await underKills({ job, way: "down" }, afterMs));
    expect(await state()).toEqual(before);
    expect(await told()).toEqual(["up", "down", "up", "down"]);
    expect(await database.query("select * from tidefill.step")).toEqual([]);
    console.info(`${kills.join(" and ")} kills, ${afterMs} ms after a statement began`);
    if (afterMs === 0) expect(Math.min(...kills)).toBeGreaterThan(3);
  },
  300_000,
);

test.each(isLong ? [0, 5] : [5])(
  "undo takes back what a killed process began and no other resumed: %s ms after a statement began",
  async (afterMs) => {
    const before = await state();
    for (let atStatement = 1; ; atStatement += isLong ? 1 : 2) {
      const wasKilled = await runner({ job: "every-step", way: "up", kill: { atStatement, afterMs } });
      await undoJob(everyStep, { connectionString: database.url });
      expect(await state(), `killed at statement ${atStatement}`).toEqual(before);
      expect(await database.query("select * from tidefill.step")).toEqual([]);
      if (!wasKilled) break;
    }
    // Done and undone alternately, equally often.
    const outcomes = await told();
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes).toEqual(outcomes.map((_, index) => (index % 2 === 0 ? "up" : "down")));
    expect(outcomes.length % 2).toBe(0);
  },
  300_000,
);

test.each([0, 5])(
  "steps that cannot be undone end the same when killed after %s ms",
  { tags: ["promise"] },
  async (afterMs) => {
    const job = "losing-steps";
    expect(await underKills({ job, way: "up" }, afterMs)).toBeGreaterThan(0);
    expect(
      await database.query(
        "select to_regclass('lost') as lost, to_jsonb(p) ? 'other' as has from parent p limit 1",
      ),
    ).toEqual([{ lost: null, has: false }]);
    expect(await database.query("select state, count(*)::integer from tidefill.step group by 1")).toEqual([
      { state: "done", count: 2 },
    ]);
    await expect(undoJob(losingSteps, { connectionString: database.url })).rejects.toMatchObject({
      check: "steps-can-be-undone",
    });
  },
);
