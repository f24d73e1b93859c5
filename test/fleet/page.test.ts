import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { MockReceiver } from "../notify/mock-receiver.ts";
import { until } from "../support/until.ts";
import { increment, Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

const token = "a-token-that-nothing-guesses";
let fleet: TestFleet;
let machines: Machines;
let receiver: MockReceiver;

beforeAll(async () => {
  process.env.TIDEFILL_PAGE_TOKEN = token;
  fleet = await TestFleet.open(["eu-1", "eu-2"]);
  receiver = await MockReceiver.open();
  const addresses = Object.fromEntries([...fleet.targets].map(([name, { url }]) => [name, url]));
  machines = await Machines.open(fleet.control.url, addresses, {
    increment: increment(5),
    reject: rejecting,
  });
});
beforeEach(async () => {
  await fleet.fill(2_000);
  for (const { query } of fleet.targets.values()) await query("drop schema if exists tidefill cascade");
  receiver.forget();
});
afterAll(async () => {
  delete process.env.TIDEFILL_PAGE_TOKEN;
  await machines.close();
  receiver.close();
  await fleet.close();
});

const rejecting = `
import { defineJob, reject, rowsOf, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "reject",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => (row.id === 1n ? reject("it is poison") : { n: row.n + 1 }),
  sink: update(counters, ["n"]),
});
`;

/** Serves the page of all targets; the addresses are those of operators, too. */
async function serve(...words: readonly string[]) {
  await machines.writeTargets((url) => ({ url, operatorUrl: url }));
  const child = machines.start(["serve", "--all-targets", "--port", "0", "--auth", "token", ...words]);
  const origin = await until(async () => /The page: (\S+)/.exec(machines.said.get(child) ?? "")?.[1], {
    describe: "the page is served",
  });
  const entered = await fetch(`${origin}/?token=${token}`, { redirect: "manual" });
  const cookie = entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const get = async (path: string): Promise<string> =>
    (await fetch(`${origin}${path}`, { headers: { cookie, accept: "text/html" } })).text();
  const post = async (path: string, body: object = {}) => {
    const headers = { cookie, origin, "content-type": "application/json", "x-tidefill": "page" };
    const response = await fetch(`${origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  };
  return { get, post, stop };
}

test("the page lists the runs of all targets, and commands with their target", async () => {
  await machines.run("run", "increment", "--target", "eu-2");
  const page = await serve();
  const runs = await page.get("/");
  expect(runs).toMatch(/data-column="Target"><div>eu-2<\/div>[\s\S]*succeeded/);
  expect(await page.get("/runs/eu-2/1")).toContain("<code>tidefill undo 1 --target eu-2</code>");
  expect(await page.get("/jobs")).toMatch(
    /<h2>eu-1<\/h2>[\s\S]*pending[\s\S]*<h2>eu-2<\/h2>[\s\S]*succeeded/,
  );
  expect(await page.get("/audit/eu-2")).toContain("Audit trail of eu-2");
  await page.stop();
});

test("a target without an operator's address has no buttons, whatever the environment says", async () => {
  await machines.run("run", "increment", "--target", "eu-1");
  await machines.writeTargets((url) => ({ url }));
  process.env.TIDEFILL_OPERATOR_URL = fleet.target("eu-2").url;
  const child = machines.start(["serve", "--target", "eu-1", "--port", "0", "--auth", "token"]);
  try {
    await until(async () => (machines.said.get(child) ?? "").includes("It has no buttons"), {
      describe: "the page says that it has no buttons",
    });
  } finally {
    delete process.env.TIDEFILL_OPERATOR_URL;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});

test("an undo with conflicts does not look perfectly well", async () => {
  await machines.run("run", "increment", "--target", "eu-1");
  await fleet.target("eu-1").query("update counters set n = -7 where id <= 3");
  await machines.run("undo", "1", "--yes", "--target", "eu-1");
  const page = await serve();
  const undo = await page.get("/runs/eu-1/2");
  expect(undo).toMatch(
    /increment, run 2 \(undo of run 1\)[\s\S]*succeeded, 3 in conflict[\s\S]*<strong>3<\/strong> <span>conflicts/,
  );
  expect(await page.get("/")).toContain("succeeded, 3 in conflict");
  await page.stop();
});

test("a target that cannot be reached is named, and hides no other", async () => {
  await machines.run("run", "increment", "--target", "eu-1");
  const page = await serve();
  const { name } = fleet.target("eu-2");
  await fleet.control.query(`alter database ${name} with allow_connections false`);
  try {
    await until(
      async () =>
        /<strong>eu-2<\/strong>[^<]*(?:not currently accepting|cannot|not answer)/.test(await page.get("/")),
      {
        describe: "the page names the target",
      },
    );
    expect(await page.get("/")).toMatch(/eu-1<\/div>[\s\S]*succeeded/);
  } finally {
    await fleet.control.query(`alter database ${name} with allow_connections true`);
    await page.stop();
  }
});

test("a paused run goes on by a button: a worker of the fleet takes it, whatever its parameters were", async () => {
  await fleet.fill(8_000);
  const page = await serve();
  const worker = machines.start(["work"]);
  await machines.run("enqueue", "increment", "--target", "eu-1");
  await until(async () => (await page.get("/queue")).includes("1 running"), { describe: "a worker has it" });
  await until(async () => (await page.get("/runs/eu-1/1")).includes("running"), {
    describe: "the run is at work",
  });
  expect((await page.post("/runs/eu-1/1/pause")).status).toBe(200);
  await until(async () => (await page.get("/runs/eu-1/1")).includes("an operator paused it"), {
    describe: "the run is paused",
  });
  await until(async () => (await page.get("/queue")).includes("None waits"), {
    describe: "the item has gone",
  });
  const { status, json } = await page.post("/runs/eu-1/1/resume");
  expect([status, json.message]).toEqual([
    200,
    "increment, run 1 is in the queue: a worker of the fleet goes on with it.",
  ]);
  await until(async () => (await page.get("/runs/eu-1/1")).includes("succeeded"), {
    describe: "the run ends",
  });
  const rows = await fleet
    .target("eu-1")
    .query("select count(*)::integer as rows from counters where n = id + 1");
  expect(rows).toEqual([{ rows: 8_000 }]);
  const [line] = await fleet
    .target("eu-1")
    .query("select details from tidefill.audit where details ->> 'via' = 'page' and action = 'resume'");
  expect(line?.details).toEqual({ actor: "a person with the link or the token", via: "page", queued: true });
  expect(await page.get("/queue")).toMatch(/1 worker on[\s\S]*Machines[\s\S]*Memory/);
  worker.kill("SIGTERM");
  await once(worker, "exit");
  await page.stop();
});

test("an item that resumes a run begins none where that run has ended", async () => {
  await machines.run("run", "increment", "--target", "eu-1");
  const { enqueueResume } = await import("../../src/fleet/enqueue/enqueue-resume.ts");
  await enqueueResume(fleet.queue, { job: "increment", run: 1, target: { name: "eu-1", url: "" } });
  const { text } = await machines.run("work", "--once");
  expect(text).toContain("run 1 has ended");
  expect(await fleet.target("eu-1").query("select id::integer from tidefill.run")).toEqual([{ id: 1 }]);
});

test("workers tell of runs, of dead letters and of waves that have stopped, each once", async () => {
  await machines.run("enqueue", "reject", "--all-targets", "--waves", "1,100%", "--soak", "1s");
  await machines.run("work", "--once", "--notify", receiver.url);
  await machines.run("work", "--once", "--notify", receiver.url);
  const told = receiver.received.map(
    ({ body }) => `${body.data.target} ${body.type.replace("tidefill.", "")}`,
  );
  expect(told.toSorted()).toEqual([
    "eu-1 dead-letter",
    "eu-1 rejects",
    "eu-1 succeeded",
    "null waves-stopped",
  ]);
  expect(
    receiver.received.find(({ body }) => body.type === "tidefill.dead-letter")?.body.data.remedy,
  ).toMatch(/tidefill queue retry \w{8}/);
});

test("serve tells of a run whose process was killed, though nothing goes on with it", async () => {
  const page = await serve("--notify", receiver.url);
  const child = machines.start(["run", "increment", "--target", "eu-1", "--lease", "1s"]);
  await until(
    async () =>
      (
        await fleet
          .target("eu-1")
          .query("select from tidefill.range where batches > 0")
          .catch(() => [])
      ).length > 0,
    { describe: "the first batch is committed" },
  );
  child.kill("SIGKILL");
  await until(async () => receiver.told.includes("increment 1: interrupted"), {
    describe: "serve has told of it",
  });
  expect(receiver.received[0]?.body.data).toMatchObject({
    target: "eu-1",
    remedy: expect.stringContaining("tidefill resume increment --target eu-1"),
  });
  await page.stop();
});
