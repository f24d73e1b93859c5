import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fillNotes, staleAnswers } from "../calls/notes.ts";
import { useDatabase } from "../support/database.ts";
import type { Fault } from "../support/fault-proxy-fault.ts";
import { MockApi } from "../support/mock-api.ts";
import { until } from "../support/until.ts";
import { AskingProcess } from "./programs/asking-process.ts";
import { advanceStatement, batchCommit, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";

const database = useDatabase();
const proxied = new Proxied(database);
let api: MockApi;
const processes = new Set<AskingProcess>();

const rows = 60;
const atOnce = 8;
const times = isLong ? 13 : 1;

beforeAll(async () => {
  api = await MockApi.open();
});
afterEach(async () => {
  for (const each of processes) await each.kill();
  processes.clear();
});
afterAll(() => api.close());

function start(url: string, more: { readonly effects?: "at most once" } = {}): AskingProcess {
  const process = new AskingProcess({ url, api: api.url, atOnce, ...more });
  processes.add(process);
  return process;
}

const ofBatch = (statement: string): RegExp =>
  new RegExp(`^/\\* tidefill [^*]* range \\d+ \\*/\\s*(?:${statement})`, "s");

/** The statements of a batch of calls, in their order. */
const statements: Readonly<Record<string, () => RegExp>> = {
  "the look": () => ofBatch("select (?!.*(?:offset|tidefill_walked|as walked|for no key update))"),
  "the note of answers": () => /^\s*insert into "tidefill"\."answer_/,
  "the lock of the rows": () => ofBatch("select .*for no key update"),
  "the write": () => ofBatch('with|update "public"'),
  "the end of used answers": () => /delete from "tidefill"\."answer_/,
  "the checkpoint": () => advanceStatement,
  "the commit": () => batchCommit(),
};

const faults = Object.entries(statements).flatMap(([step, match]) =>
  (["swallow", "swallow-reply"] as const).map((action) => ({
    step: `${action === "swallow" ? "before" : "after"} ${step}`,
    fault: (random: Random): Fault => ({ match: match(), after: random.between(1, 3), action }),
  })),
);

/** Asks to the end with a process that is not killed, and holds what is there against what should be. */
async function finish(kills: number, url = database.url): Promise<void> {
  const last = start(url);
  await last.ended;
  expect(last.last).toMatchObject({ status: "succeeded" });
  expect(await database.query("select count(*)::integer as open from notes where answer is null")).toEqual([
    { open: 0 },
  ]);
  expect(await staleAnswers(database)).toBe(0);
  // Each doubled call has the key of the first, so that the other system can tell.
  expect(new Set(api.calls.map(({ key }) => key)).size).toBe(rows);
  expect(api.calls.length - rows).toBeLessThanOrEqual(kills * atOnce);
  const [written] = await database.query("select sum(rows_written)::integer as rows from tidefill.range");
  expect(written).toEqual({ rows });
}

test.each(faults)(
  "a process that is killed $step repeats only calls whose answers were not noted",
  {
    timeout: 120_000,
  },
  async ({ step, fault }) => {
    const random = new Random(step);
    for (let round = 0; round < times; round += 1) {
      await fillNotes(database, rows);
      api.forget();
      api.reply = () => ({ afterMs: 20 });
      const process = start(proxied.url);
      const armed = proxied.proxy.arm(fault(random));
      let isStruck = false;
      void armed.fired.then(() => {
        isStruck = true;
      });
      await until(async () => isStruck || process.isOver, { describe: step, everyMs: 1, timeoutMs: 60_000 });
      armed.disarm();
      await process.kill();
      expect(isStruck).toBe(true);
      await finish(1);
    }
  },
);

test.each([
  { when: "while a call is under way", afterMs: 0 },
  { when: "when an answer has just come", afterMs: 21 },
])(
  "a process that is killed $when repeats only calls whose answers were not noted",
  {
    timeout: 120_000,
  },
  async ({ when, afterMs }) => {
    const random = new Random(when);
    for (let round = 0; round < times; round += 1) {
      await fillNotes(database, rows);
      api.forget();
      const at = random.between(1, rows - atOnce);
      let process: AskingProcess | undefined;
      const killed = new Promise<void>((resolve) => {
        api.reply = () => {
          if (api.calls.length === at) setTimeout(() => void process?.kill().then(() => resolve()), afterMs);
          return { afterMs: 20 };
        };
      });
      process = start(database.url);
      await killed;
      await finish(1);
    }
  },
);

test("with at most once, no kill makes a second call, and rows in doubt are rejected", {
  timeout: 120_000,
}, async () => {
  await fillNotes(database, rows);
  api.forget();
  const random = new Random("at most once");
  const kills = isLong ? 20 : 3;
  let next = random.between(1, 15);
  let running: AskingProcess | undefined;
  let killed = 0;
  api.reply = () => {
    if (api.calls.length === next && killed < kills) {
      killed += 1;
      next += random.between(atOnce + 1, 15);
      void running?.kill();
    }
    return { afterMs: 20 };
  };
  for (;;) {
    running = start(database.url, { effects: "at most once" });
    await running.ended;
    if (running.last.type === "report") break;
  }
  expect(api.calls.length).toBe(new Set(api.calls.map(({ body }) => body)).size);
  expect(killed).toBeGreaterThan(0);
  const [reject] = await database.query(
    "select count(*)::integer as rows, min(reason) as reason from tidefill.reject",
  );
  expect(reject?.reason).toBe(
    'a call about it may have been made by a process that could not note the answer, and effects are "at most once"',
  );
  const [done] = await database.query("select count(*)::integer as rows from notes where answer is not null");
  expect((done?.rows as number) + (reject?.rows as number)).toBe(rows);
  expect(reject?.rows).toBeLessThanOrEqual(killed * atOnce);
});

test("with at most once, a process that freezes in the middle of a claim makes no second call", {
  timeout: 120_000,
}, async () => {
  await fillNotes(database, rows);
  api.forget();
  api.reply = () => ({ afterMs: 300 });
  const first = start(database.url, { effects: "at most once" });
  await until(async () => api.calls.length >= 2, { describe: "the first calls", timeoutMs: 60_000 });
  // The next claim takes two seconds on the server.
  await database.query(`
    create sequence if not exists public.claims;
    create or replace function public.wait_once() returns trigger language plpgsql as $$ begin
      if new.answer is null and nextval('public.claims') = 1 then perform pg_sleep(2); end if;
      return new;
    end $$;
    create trigger wait_once before insert on tidefill.answer_1 for each row execute function public.wait_once();`);
  const waits = (event: string) => async () =>
    (
      await database.query(
        "select from pg_stat_activity where datname = current_database() and wait_event = $1 and query like '%answer_1%'",
        [event],
      )
    ).length > 0;
  await until(waits("PgSleep"), { describe: "a claim under way", everyMs: 5 });
  first.signal("SIGSTOP");
  const second = start(database.url, { effects: "at most once" });
  // The second process may also come too late to meet the first one's claim; then it finds it.
  await until(async () => (await waits("transactionid")()) || second.isOver, {
    describe: "a claim that waits for it",
    timeoutMs: 60_000,
  }).catch(() => {});
  first.signal("SIGCONT");
  await Promise.all([first.ended, second.ended]);
  await database.query("drop sequence public.claims");
  const bodies = api.calls.map(({ body }) => body);
  expect(bodies.length).toBe(new Set(bodies).size);
});
