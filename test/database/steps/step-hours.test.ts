import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import {
  addColumn,
  contractJob,
  createTable,
  defineSqlJob,
  defineSteps,
  dropTable,
  type RunOptions,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  stopFile,
  TidefillError,
  table,
  undoJob,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { ensureSchema } from "../../../src/engine/control/ensure-schema.ts";
import { setPace } from "../../../src/engine/control/set-pace.ts";
import type { StepEvent } from "../../../src/steps/step-events.ts";
import { withSession } from "../../../src/store/session.ts";
import { closedWindow } from "../../support/closed-window.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { until } from "../../support/until.ts";

const database = useDatabase();
const things = table("public.things", { key: "id", columns: { id: "bigint", n: "integer?" } });
const open = "00:00-24:00 UTC";

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists things, more`);
  await database.query(
    "create table things (id bigint primary key, n integer); insert into things values (1, 1)",
  );
});

const steps = (window?: string) =>
  defineSteps({
    name: "steps",
    expand: [createTable("more", sql`create table more (id bigint primary key)`)],
    ...(window === undefined ? {} : { pace: { window } }),
  });

/** Rows between steps. */
const whole = (window: string) =>
  defineSqlJob({
    name: "whole",
    expand: [addColumn("public.things", "added", "integer")],
    source: rowsOf(things, { pending: sql`n is distinct from 7` }),
    sink: update(things, { n: sql`7` }),
    contract: [createTable("more", sql`create table more (id bigint primary key)`)],
    pace: { window },
  });

class Heard {
  readonly events: StepEvent[] = [];
  readonly #abort = new AbortController();

  options(more: RunOptions = {}): RunOptions {
    return {
      connectionString: database.url,
      signal: this.#abort.signal,
      onStep: (event) => this.events.push(event),
      ...more,
    };
  }

  get held(): readonly string[] {
    return this.events.flatMap((event) =>
      event.type === "step held" ? [`${event.step}: ${event.reason}`] : [],
    );
  }

  async isHeld(): Promise<void> {
    await until(async () => this.held.length > 0, { describe: "a step that is held" });
  }

  stop(): void {
    this.#abort.abort();
  }
}

async function isThere(name: string): Promise<boolean> {
  const [row] = await database.query("select to_regclass($1) is not null as is_there", [name]);
  return row?.is_there === true;
}

/** The error that tells the caller to leave; the same command goes on later. */
async function leaves(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error("It did not leave."),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TidefillError)) throw error;
  expect(error.code).toBe("step-stopped");
  return error.message;
}

test("a step waits for its window, says so once, and can be stopped while it waits", async () => {
  const heard = new Heard();
  const run = runJob(steps(), heard.options({ window: closedWindow() }));
  run.catch(() => {});
  await heard.isHeld();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(heard.held).toEqual([
    expect.stringMatching(/^create table more: the window .* is closed until .* UTC/),
  ]);
  heard.stop();
  expect(await leaves(run)).toMatch(/was stopped/);
  expect(await isThere("more")).toBe(false);
  // The job's window applies only when the command gives none.
  expect(await runJob(steps(closedWindow()), new Heard().options({ window: open }))).toMatchObject({
    status: "succeeded",
  });
});

test("with exitWhenClosed or after its time, a step that may not begin leaves", async () => {
  const leave = { exitWhenClosed: true };
  expect(await leaves(runJob(steps(closedWindow()), new Heard().options(leave)))).toMatch(
    /^The step "create table more" of steps was not begun: the window .* is closed until/,
  );
  expect(await leaves(runJob(steps(), new Heard().options({ until: new Date(Date.now() - 1_000) })))).toMatch(
    /was not begun: its time was over at .* UTC/,
  );
  expect(await isThere("more")).toBe(false);
  expect(await database.query("select name from tidefill.step")).toEqual([]);
});

test("a stop file holds steps as it holds rows, and both go on when the file is gone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidefill-"));
  const path = join(folder, "stop");
  await writeFile(path, "");
  const heard = new Heard();
  const run = runJob({ ...whole(open), throttles: [stopFile(path)] }, heard.options());
  await heard.isHeld();
  expect(heard.held).toEqual([`add column public.things.added: the file ${path} is there`]);
  await rm(folder, { recursive: true });
  expect(await run).toMatchObject({ status: "succeeded", contract: { done: 1, open: [] } });
});

test("contract steps wait for the window that the run has by then, and resume goes on with them", async () => {
  const shut = closedWindow();
  let isShut = false;
  const shutting = (event: { readonly type: string }): void => {
    if (event.type !== "batch committed" || isShut) return;
    isShut = true;
    // An operator sets it while the run works.
    void database.query(
      "update tidefill.run set pace = jsonb_build_object('window', $1::text) where kind = 'run'",
      [shut],
    );
  };
  const job = whole(open);
  const first = await runJob(job, new Heard().options({ exitWhenClosed: true, onEvent: shutting }));
  expect(first).toMatchObject({ status: "succeeded", contract: { done: 0, isStopped: true } });
  expect(first.contract?.problem).toMatch(/not begun|verify before the contract steps/);
  expect(await isThere("more")).toBe(false);
  const leaving = (): RunOptions => new Heard().options({ exitWhenClosed: true });
  expect((await resumeRun(job, "whole", leaving())).contract).toMatchObject({ done: 0, isStopped: true });
  expect(await leaves(contractJob(job, leaving()))).toMatch(/not begun|verify/);
  const resumed = await resumeRun(job, "whole", new Heard().options({ window: open }));
  expect(resumed).toMatchObject({
    status: "succeeded",
    contract: { done: 1, problem: null, isStopped: false },
  });
});

test("opening the window releases contract steps that wait for it", async () => {
  const job = defineSteps({
    name: "later",
    contract: [createTable("more", sql`create table more (id bigint primary key)`)],
  });
  const heard = new Heard();
  const run = runJob(job, heard.options({ window: closedWindow() }));
  await heard.isHeld();
  await withSession("test", { connectionString: database.url }, 5, (session) =>
    setPace(session, "later", [`window=${open}`]),
  );
  expect(await run).toMatchObject({ contract: { done: 1, open: [] } });
  // No step waits now.
  const late = withSession("test", { connectionString: database.url }, 5, (session) =>
    setPace(session, "later", [`window=${open}`]),
  );
  await expect(late).rejects.toThrow(/has already ended/);
});

test("a run whose expand steps wait does not exist yet, and a request for it names the waiting process", async () => {
  const heard = new Heard();
  const run = runJob(whole(closedWindow()), heard.options());
  run.catch(() => {});
  await heard.isHeld();
  const asked = withSession("test", { connectionString: database.url }, 5, ({ db, store }) =>
    store.runs.require(db, "whole"),
  );
  await expect(asked).rejects.toThrow(`There is no run of whole yet: process ${process.pid} on`);
  heard.stop();
  await leaves(run);
});

test("a job that was ended at its expand steps has no run, and a request for it says how to go on", async () => {
  const step = { job: "whole", phase: "expand", name: "add words", definition: "x" } as const;
  const asked = withSession("test", { connectionString: database.url }, 5, async (session) => {
    await ensureSchema(session);
    await session.store.steps.begin(session.db, { ...step, before: null, wasThere: false });
    return session.store.runs.require(session.db, "whole");
  });
  await expect(asked).rejects.toMatchObject({
    message: 'There is no run of whole yet, only its expand steps "add words" (begun).',
    remedy: "Go on with its steps, and then with its rows: tidefill run whole",
  });
});

test("a step that waits for its lock also waits for its window, as long as nothing of it is done", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidefill-"));
  const path = join(folder, "stop");
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query("begin; select from things");
  const heard = new Heard();
  const run = runJob({ ...whole(open), throttles: [stopFile(path)] }, heard.options());
  await until(async () => heard.events.some(({ type }) => type === "step waits"), {
    describe: "a wait for a lock",
  });
  await writeFile(path, "");
  await heard.isHeld();
  await holder.end();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(heard.events.filter(({ type }) => type === "step done")).toEqual([]);
  await rm(folder, { recursive: true });
  expect(await run).toMatchObject({ status: "succeeded", contract: { done: 1 } });
});

test("a destructive step waits for its window too, and so does an undo where the command asks for it", async () => {
  await runJob(steps(), new Heard().options());
  let looks = 0;
  const check = (): boolean => {
    looks += 1;
    return true;
  };
  const later = defineSteps({ name: "later", contract: [dropTable("more")], backup: { check } });
  await runJob(later, new Heard().options());
  const leave = { exitWhenClosed: true, window: closedWindow() };
  expect(await leaves(contractJob(later, new Heard().options(leave)))).toMatch(
    /drop table more.* was not begun/,
  );
  // A backup that was recent enough before the wait may be too old after it.
  expect(looks).toBe(0);
  expect(await leaves(undoJob(steps(), new Heard().options(leave)))).toMatch(
    /^The undo of "create table more" of steps was not begun/,
  );
  expect(await leaves(undoRun("steps", { ...new Heard().options(leave), job: steps() }))).toMatch(
    /was not begun/,
  );
  expect(await isThere("more")).toBe(true);
  // An undo is often urgent, so the job's own window does not hold it.
  await undoJob(steps(closedWindow()), new Heard().options());
  expect(await isThere("more")).toBe(false);
});
