import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

const label = `
import { defineJob, rowsOf, sql, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "label",
  source: rowsOf(counters, { read: ["n"], pending: sql\`label is null\` }),
  transform: ({ n }) => ({ label: "n" + n }),
  sink: update(counters, ["label"]),
});
`;

let fleet: TestFleet;
let machines: Machines;
beforeAll(async () => {
  fleet = await TestFleet.open(["eu-1", "eu-2", "us-1"]);
  await fleet.fill(100);
  const addresses = Object.fromEntries([...fleet.targets].map(([name, { url }]) => [name, url]));
  machines = await Machines.open(fleet.control.url, addresses, { label });
});
afterAll(async () => {
  await machines.close();
  await fleet.close();
});

test("one command works on one target, on those whose names match, or on all", async () => {
  expect((await machines.run("plan", "label", "--target", "eu-1")).code).toBe(0);
  const ran = await machines.run("run", "label", "--targets", "eu-*");
  expect(ran.text).toMatch(/── eu-1[\s\S]*succeeded +label, run 1[\s\S]*── eu-2[\s\S]*succeeded/);
  const status = await machines.run("status", "--all-targets");
  const lines = status.text.trim().split("\n");
  expect(lines[0]).toMatch(/^TARGET +JOB +RUN +STATE/);
  expect(lines.slice(1).map((line) => line.split(/\s+/).slice(0, 4).join(" "))).toEqual([
    "eu-1 label 1 succeeded",
    "eu-2 label 1 succeeded",
    "us-1 – – no",
  ]);
  const check = await machines.run("check", "--all-targets");
  expect(check.code).toBe(3);
  expect(check.text).toContain(
    "us-1    pending-job: label is pending. → tidefill up --to label --target us-1",
  );
  expect(check.text).toContain("1 of 3 targets need attention.");
  const json = JSON.parse(
    (await machines.run("verify", "label", "--targets", "eu-*", "--json")).text
      .replace(/^[^{]*/, "")
      .replace(/\}[^}]*$/, "}"),
  );
  expect(Object.keys(json.targets)).toEqual(["eu-1", "eu-2"]);
  expect((await machines.run("undo", "label", "--target", "eu-2", "--yes")).code).toBe(0);
  expect((await machines.run("up", "--targets", "eu-2,us-1")).code).toBe(0);
  expect((await machines.run("check", "--all-targets")).code).toBe(0);
});

test("a command that changes rows stops at the first target on which it fails; one that reads goes on", async () => {
  await fleet.target("eu-1").query("alter table counters rename to hidden");
  const ran = await machines.run("run", "label", "--all-targets", "--again");
  expect([ran.code, ran.text]).toEqual([expect.any(Number), expect.not.stringContaining("── eu-2")]);
  expect(ran.code).toBeGreaterThan(0);
  const planned = await machines.run("plan", "label", "--all-targets");
  expect(planned.text).toContain("── us-1");
  expect(planned.code).toBeGreaterThan(0);
  await fleet.target("eu-1").query("alter table hidden rename to counters");
});

test("wrong words are refused with the names of what there is", async () => {
  const refused = async (...words: readonly string[]): Promise<string> => {
    const { code, text } = await machines.run(...words);
    expect(code, text).toBe(2);
    return text;
  };
  expect(await refused("status", "--target", "eu-3")).toMatch(/There is no target "eu-3"[\s\S]*eu-1/);
  expect(await refused("status", "--targets", "asia-*")).toContain('No target matches "asia-*".');
  expect(await refused("status", "--target", "eu-1", "--all-targets")).toContain("exclude each other");
  expect(await refused("status", "--target", "eu-1", "--database-url", "postgres://x")).toContain(
    "its own address",
  );
  expect(await refused("enqueue", "label")).toContain("Name the targets");
  expect(await refused("enqueue", "lable", "--all-targets")).toContain('There is no job "lable"');
  expect(await refused("enqueue", "label", "--all-targets", "--soak", "1m")).toContain("belongs to waves");
  expect(await refused("enqueue", "label", "--all-targets", "--waves", "50%")).toContain(
    "the last part must be 100%",
  );
  expect(await refused("enqueue", "label", "--target", "eu-1", "--machines", "0")).toContain("from 1 to 100");
  expect(await refused("work", "--slots", "0")).toContain("from 1 to 100");
  expect(await refused("work", "--targets", "asia-*")).toContain('No target matches "asia-*".');
  expect(await refused("queue", "retry")).toContain("tidefill queue retry <id>");
  expect(await refused("queue", "drop", "abc")).toContain("no waiting item abc");
  expect(await refused("schedule", "add", "x", "0 22 * * *", "--all-targets", "--", "up")).toContain(
    "has no time zone",
  );
  expect(await refused("schedule", "add", "x", "0 22 * * * UTC", "--", "purge")).toContain("purge --yes");
});

test("waves, the queue and schedules are shown in words and as JSON", async () => {
  await fleet.fill(100);
  const sent = await machines.run("enqueue", "label", "--all-targets", "--waves", "1,100%", "--soak", "0s");
  expect(sent.text).toContain("label for 3 targets goes in 2 waves (1, 2 targets): 1 item sent.");
  const before = await machines.run("queue");
  expect(before.text).toContain("label: wave 1 of 2; of 3 targets 1 queued, 2 waiting");
  expect(before.text).toMatch(/[0-9a-f]{8} +waiting +label on eu-1/);
  expect((await machines.run("work", "--once", "--slots", "2")).code).toBe(0);
  const after = JSON.parse((await machines.run("queue", "--json")).text);
  expect(after).toMatchObject({
    depth: { waiting: 0, running: 0, dead: 0 },
    items: [],
    waves: [{ job: "label", state: "succeeded", targets: { succeeded: 3 } }],
  });
  const added = await machines.run(
    "schedule",
    "add",
    "nightly",
    "0 22 * * Mon-Fri Europe/Berlin",
    "--all-targets",
    "--",
    "up",
  );
  expect(added.text).toMatch(/nightly: up on all targets, next at 20\d\d-/);
  expect((await machines.run("schedule", "list")).text).toMatch(
    /nightly +0 22 \* \* Mon-Fri Europe\/Berlin +up on all targets/,
  );
  expect((await machines.run("schedule", "remove", "nightly")).code).toBe(0);
});

test("tenants are schemas of one database, each with tables of its own and a store of its own", async () => {
  const shared = fleet.target("us-1");
  for (const tenant of ["acme", "o'brien"])
    await shared.query(
      `create schema "${tenant}"; create table "${tenant}".counters (id bigint primary key, n integer not null, label text);
      insert into "${tenant}".counters select g, g from generate_series(1, 40) g`,
    );
  await writeFile(
    join(machines.folder, "tidefill.targets.ts"),
    `import { defineTargets } from "tidefill";
    export default defineTargets(async () => ["acme", "o'brien"].map((schema) => (
      { name: schema.replace("'", "-"), url: () => ${JSON.stringify(shared.url)}, schema, group: "us" })), { atOncePerGroup: 1 });`,
  );
  await machines.run("enqueue", "label", "--all-targets");
  const worked = await machines.run("work", "--once", "--slots", "2");
  expect(worked.text).toMatch(/done +label on acme/);
  expect(worked.text).toMatch(/done +label on o-brien/);
  for (const tenant of ["acme", "o'brien"]) {
    expect(
      await shared.query(`select from "${tenant}".counters where label is distinct from 'n' || n`),
    ).toEqual([]);
    expect(await shared.query(`select status from "tidefill_${tenant}".run`)).toEqual([
      { status: "succeeded" },
    ]);
  }
  expect((await machines.run("status", "label", "--target", "acme")).text).toContain("succeeded");
});

test("an address that is not known on this machine is named by its variable, and the item is left to another machine", async () => {
  await writeFile(
    join(machines.folder, "tidefill.targets.ts"),
    'import { defineTargets, fromEnv } from "tidefill";\nexport default defineTargets({ one: { url: fromEnv("NO_SUCH_URL") } });',
  );
  const status = await machines.run("status", "--target", "one");
  expect([status.code, status.text]).toEqual([2, expect.stringContaining("NO_SUCH_URL is not set")]);
  await machines.run("enqueue", "label", "--target", "one");
  expect((await machines.run("work", "--once")).text).toMatch(
    /refused +label on one: .*NO_SUCH_URL is not set/,
  );
  const [item] = JSON.parse((await machines.run("queue", "--json")).text).items;
  expect(item).toMatchObject({ state: "waiting", words: expect.stringContaining("NO_SUCH_URL is not set") });
  expect((await machines.run("queue", "drop", item.id)).text).toContain("dropped: label on one");
});
