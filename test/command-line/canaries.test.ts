import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine, type Outcome, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { canaryJobs, peopleSetup } from "./canary-jobs.ts";

const database = useDatabase();
const rows = 60;
const role = `canary_${randomUUID().replaceAll("-", "")}`;
/** Each secret is unique, so that a leak shows which one leaked. */
const canaries = {
  name: `CANARY-${randomUUID()}`,
  email: `CANARY-${randomUUID()}`,
  note: `CANARY-${randomUUID()}`,
  parameter: `CANARY-${randomUUID()}`,
  password: `CANARY-${randomUUID()}`,
  undoKey: `CANARY-${randomUUID()}`,
} as const;

let tidefill: CommandLine;
let folder: string;
let gateway: Server;
/** everything that a person could have seen */
let said: { readonly what: string; readonly text: string }[] = [];

beforeAll(async () => {
  process.env.TIDEFILL_UNDO_KEY = canaries.undoKey;
  await database.query(
    `create extension pgcrypto; create role ${role} superuser login password '${canaries.password}'`,
  );
  const url = new URL(database.url);
  url.username = role;
  url.password = canaries.password;
  tidefill = await CommandLine.open(url.href, canaryJobs);
  folder = await mkdtemp(join(tmpdir(), "tidefill-canaries-"));
  gateway = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    said.push({ what: "metrics", text: Buffer.concat(chunks).toString() });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(gateway, "listening");
});

beforeEach(async () => {
  said = [];
  await database.query(emptyStore);
  await database.query("drop table if exists people");
  await database.query(peopleSetup);
  await database.query(
    `insert into people
     select id, $1 || ' ' || id, $2 || ' ' || id, 0, 18, $3 || ' ' || id from generate_series(1, $4::integer) as id`,
    [canaries.name, canaries.email, canaries.note, rows],
  );
  await database.query("insert into people values (1000, 'other', 'taken ' || $1 || ' 3', 0, 18, null)", [
    canaries.note,
  ]);
});

afterEach(async () => {
  await tidefill.killAll();
  const leaks = said.flatMap(({ what, text }) =>
    Object.entries(canaries).flatMap(([secret, canary]) => {
      const at = text.indexOf(canary);
      return at === -1 ? [] : [`${secret} in ${what}: …${text.slice(Math.max(0, at - 150), at + 60)}…`];
    }),
  );
  expect(leaks).toEqual([]);
});

afterAll(async () => {
  delete process.env.TIDEFILL_UNDO_KEY;
  gateway.close();
  await tidefill.close();
  await database.query(`drop owned by ${role}; drop role ${role}`);
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command without --json and keeps all its output, the log file included. */
async function says(...parameters: readonly string[]): Promise<number | null> {
  const works = ["run", "resume", "undo", "verify"].includes(parameters[0]!);
  const log = join(folder, `${randomUUID()}.log`);
  const { port } = gateway.address() as AddressInfo;
  const more = works ? ["--log", log, "--pushgateway", `http://127.0.0.1:${port}`] : [];
  const { code, stdout, stderr } = await (works
    ? inProcess(...parameters, ...more)
    : tidefill.run(...parameters));
  const what = parameters.join(" ").replaceAll(canaries.parameter, "…");
  said.push({ what: `stdout of ${what}`, text: stdout }, { what: `stderr of ${what}`, text: stderr });
  if (works) said.push({ what: `log of ${what}`, text: await readFile(log, "utf8").catch(() => "") });
  return code;
}

/** Runs a command in a process of its own, so that whatever Node says is seen, too. */
async function inProcess(...parameters: readonly string[]): Promise<Outcome> {
  const child = tidefill.start(...parameters);
  child.stdin.end();
  return outcomeOf(child);
}

/** Keeps the contents of tidefill's tables as text; encrypted values as bytes and as base64. */
async function dumpTables(): Promise<void> {
  const columns = await database.query(`
    select relname as table, string_agg(format('%I::text', attname), ', ') as columns
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    where relnamespace = 'tidefill'::regnamespace
      and relkind = 'r'
      and attnum > 0
    group by relname`);
  for (const each of columns) {
    const lines = await database.query(
      `select concat_ws(' | ', ${each.columns}) as line from tidefill.${each.table}`,
    );
    said.push({ what: `tidefill.${each.table}`, text: lines.map(({ line }) => String(line)).join("\n") });
  }
}

/** Records what other sessions of the server can see of tidefill's, until `work` has ended. */
async function watched<T>(work: Promise<T>): Promise<T> {
  const looking = { isOver: false, looks: 0 };
  const over = work.finally(() => {
    looking.isOver = true;
  });
  await until(
    async () => {
      const activity = await database.query(
        "select application_name, query, usename from pg_stat_activity where pid <> pg_backend_pid()",
      );
      said.push({ what: "pg_stat_activity", text: JSON.stringify(activity) });
      looking.looks += activity.length;
      return looking.isOver;
    },
    { describe: "the end of the command", everyMs: 5, timeoutMs: 60_000 },
  );
  expect(looking.looks).toBeGreaterThan(20);
  return over;
}

const word = ["--param", `word=${canaries.parameter}`] as const;

test("a run with every kind of reject, and every command that reads it, shows no value", {
  tags: ["promise"],
}, async () => {
  for (const json of [[], ["--json"]]) {
    await database.query(emptyStore);
    expect(await watched(says("run", "clean-up", ...word, "--reject-limit", "100", ...json))).toBe(4);
    const reasons = await database.query("select reason from tidefill.reject order by key[1]::integer");
    expect(reasons).toHaveLength(13);
    const broken = "update people set note = $1, name = $2 where id = 20";
    await database.query(broken, [canaries.note, canaries.name]);
    expect(await says("verify", "clean-up", ...json)).toBe(4);
    for (const command of [
      ["status", "clean-up"],
      ["list"],
      ["rejects", "clean-up"],
      ["audit"],
      ["audit", "--check"],
    ])
      expect(await says(...command, ...json)).toBe(0);
    for (const file of ["rejects.csv", "rejects.ndjson"]) {
      const path = join(folder, `${json.length}-${file}`);
      expect(await says("rejects", "clean-up", "--export", path, ...json)).toBe(0);
      said.push({ what: file, text: await readFile(path, "utf8") });
    }
    await dumpTables();
    expect(await watched(says("undo", "clean-up", "--yes", ...json))).toBe(4);
    await dumpTables();
  }
  expect(await database.query("select reason from tidefill.reject where run_id = 3")).toEqual([
    { reason: "changed since" },
  ]);
});

test("a dry run shows no value", async () => {
  for (const json of [[], ["--json"]]) {
    for (const job of ["clean-up", "forget"]) {
      const code = await says("run", job, ...word, "--dry-run", "--row-limit", "50", ...json);
      expect([0, 4, 75]).toContain(code);
    }
  }
});

test("a plan shows no value", { tags: ["promise"] }, async () => {
  for (const json of [[], ["--json"]]) {
    for (const job of ["clean-up", "forget"]) expect(await says("plan", job, ...word, ...json)).toBe(0);
  }
});

test("an SQL job with a value that cannot be cast shows no value", async () => {
  for (const json of [[], ["--json"]]) {
    await database.query(emptyStore);
    expect(await says("run", "forget", ...word, ...json)).toBe(4);
    expect(await database.query("select key, sqlstate from tidefill.reject")).toEqual([
      { key: ["30"], sqlstate: "22P02" },
    ]);
    await says("verify", "forget", ...json);
    await says("status", "forget", ...json);
    await dumpTables();
  }
});

test("a run that an error stops shows no value", async () => {
  for (const json of [[], ["--json"]]) {
    await database.query(emptyStore);
    expect(await says("run", "broken", ...json)).toBe(1);
    await says("status", "broken", ...json);
    await dumpTables();
  }
});

test("erase and purge show no value, and erase asks for confirmation", async () => {
  for (const json of [[], ["--json"]]) {
    await database.query(emptyStore);
    expect(await says("run", "forget", ...word, ...json)).toBe(4);
    expect(await says("erase", "--table", "people", "--key", "25", ...json)).toBe(2);
    expect(await says("erase", "--table", "people", "--key", canaries.name, "--yes", ...json)).toBe(2);
    expect(await says("erase", "--table", "people", "--key", "025", "--yes", ...json)).toBe(0);
    expect(await database.query("select table_name, key from tidefill.erased")).toEqual([
      { table_name: "public.people", key: ["25"] },
    ]);
    expect(await says("purge", "--older-than", "0s", ...json)).toBe(2);
    expect(await says("purge", "--older-than", "1d", ...json)).toBe(0);
    expect(await says("purge", "--older-than", "0s", "--yes", ...json)).toBe(0);
    expect(await database.query("select undo_log from tidefill.run")).toEqual([{ undo_log: "purged" }]);
    await dumpTables();
  }
});

test("rejects are exported whole, as CSV and as NDJSON, and never over an existing file", async () => {
  await says("run", "forget", ...word);
  await database.query(`
    insert into tidefill.reject (run_id, key, range_number, sqlstate, reason)
    select 1, array[id::text, 'a,b'], 1, '23505', E'said "no",\nagain' from generate_series(1, 2500) as id`);
  const csv = join(folder, "all.csv");
  const { code, value } = await tidefill.json("rejects", "1", "--export", csv);
  expect({ code, value }).toEqual({ code: 0, value: { run: 1, job: "forget", exported: 2501, file: csv } });
  const text = await readFile(csv, "utf8");
  expect(text.split("\n")[0]).toBe("key_1,key_2,sqlstate,reason,range,rejected_at");
  expect(text.match(/^\d+,"a,b",23505,"said ""no"",\nagain",1,\d{4}-\S+ \S+$/gm)).toHaveLength(2500);
  expect(text).toMatch(/^30,,22P02,/m);
  const ndjson = join(folder, "all.ndjson");
  expect((await tidefill.run("rejects", "1", "--export", ndjson)).code).toBe(0);
  const lines = (await readFile(ndjson, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(new Set(lines.map(({ key }) => key[0])).size).toBe(2500);
  expect(lines[0]).toMatchObject({
    key: ["1", "a,b"],
    sqlstate: "23505",
    reason: 'said "no",\nagain',
    range: "1",
  });
  const again = await tidefill.run("rejects", "1", "--export", ndjson);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("already exists") });
  expect((await tidefill.run("rejects", "1", "--export", join(folder, "all.txt"))).code).toBe(2);
});

test("the error for wrong usage repeats no parameter and no password", async () => {
  for (const json of [[], ["--json"]]) {
    const poison = `poison=${canaries.parameter}`;
    expect(await says("run", "clean-up", ...word, "--param", poison, ...json)).toBe(2);
    expect(await says("run", "clean-up", "--param", canaries.parameter, ...json)).toBe(2);
    const urls = [
      `postgres://nobody:${canaries.password}@127.0.0.1:1/none`,
      `postgres://nobody:${canaries.password}@[::1`,
      `postgres://nobody:${canaries.password}@127.0.0.1:none/none`,
      new URL(`/none_${role}`, database.url.replace(/\/\/[^@]*@/, `//${role}:${canaries.password}@`)).href,
    ];
    for (const url of urls)
      expect(await says("status", "clean-up", "--database-url", url, ...json)).not.toBe(0);
  }
});
