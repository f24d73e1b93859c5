import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { isLong } from "./random.ts";
import type { StepsOptions } from "./steps-runner.ts";

const database = useDatabase();
const jiti = createRequire(import.meta.url)
  .resolve("jiti/package.json")
  .replace("package.json", "lib/jiti-cli.mjs");
const program = fileURLToPath(new URL("./steps-runner.ts", import.meta.url));
const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const delays = isLong ? [0, 1, 2, 5, 10, 20, 50, 100] : [0, 3, 25];

beforeEach(async () => {
  await database.query("drop schema if exists tidefill cascade; drop table if exists parent, child, told");
  await database.query(`
    create table parent (id bigint primary key, body text, other integer);
    create table told (id bigint generated always as identity, what text not null);
    insert into parent select g, repeat(md5(g::text), 4), g from generate_series(1, 30000) g;
    create index parent_old on parent (other, id)`);
});

/** Everything about the schema that a step could have changed, and every row. */
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

async function told(): Promise<unknown> {
  return (await database.query("select what from told order by id")).map(({ what }) => what);
}

/** Runs a process to its end; answers whether it was killed. */
async function runner(given: Omit<StepsOptions, "url">): Promise<boolean> {
  const child = spawn(process.execPath, [jiti, program, JSON.stringify({ ...given, url: database.url })], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, JITI_ALIAS: JSON.stringify({ tidefill: index }) },
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (signal === "SIGKILL") return true;
  expect({ code, complaints }).toMatchObject({ code: 0 });
  return false;
}

/** Kills process after process, each at the next statement that it comes to. */
async function underKills(way: StepsOptions["way"], afterMs: number): Promise<number> {
  // Killed at once it has done nothing, so that it has to be the second statement of each.
  const atStatement = afterMs === 0 ? 2 : 1;
  for (let kills = 0; kills < 100; kills += 1)
    if (!(await runner({ way, kill: { atStatement, afterMs } }))) return kills;
  throw new Error("It does not go forward.");
}

test.each(delays)(
  "steps whose process is killed %s ms after it began each statement end as if nobody had",
  async (afterMs) => {
    const before = await state();
    await runner({ way: "up", kill: null });
    const after = await state();
    await runner({ way: "down", kill: null });
    expect(await state()).toEqual(before);
    expect(await told()).toEqual(["up", "down"]);
    const kills = [await underKills("up", afterMs)];
    expect(await state()).toEqual(after);
    kills.push(await underKills("down", afterMs));
    expect(await state()).toEqual(before);
    expect(await told()).toEqual(["up", "down", "up", "down"]);
    expect(await database.query("select * from tidefill.step")).toEqual([]);
    console.info(`${kills.join(" and ")} kills, ${afterMs} ms after a statement began`);
    if (afterMs === 0) expect(Math.min(...kills)).toBeGreaterThan(5);
  },
);
