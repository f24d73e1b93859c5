import { afterEach, expect, test } from "vitest";
import { increment, Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

let machines: Machines | undefined;
let fleet: TestFleet | undefined;
afterEach(async () => {
  await machines?.close();
  await fleet?.close();
});

const personal = `
import { defineJob, rowsOf, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "personal",
  parameters: { mail: "text" },
  personalData: true,
  undoable: false,
  source: rowsOf(counters, { read: ["n"] }),
  transform: ({ n }) => ({ label: String(n) }),
  sink: update(counters, ["label"]),
});
`;
const failing = `
import { defineJob, rowsOf, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "failing",
  personalData: true,
  undoable: false,
  rejectLimit: 0,
  source: rowsOf(counters, { read: ["n", "label"] }),
  transform: ({ label }) => {
    throw new Error("cannot read " + label);
  },
  sink: update(counters, ["label"]),
});
`;

test("no password, no address and no value of a row gets into the queue's tables or a worker's words", async () => {
  fleet = await TestFleet.open(["t1", "away"]);
  await fleet.fill(20);
  const target = fleet.target("t1");
  await target.query("create role canary_role login superuser password 'canary-password'").catch(() => {});
  await target.query("update counters set label = 'canary-value'");
  const withPassword = new URL(target.url);
  withPassword.username = "canary_role";
  withPassword.password = "canary-password";
  const away = new URL(fleet.target("away").url);
  away.password = "canary-password";
  away.pathname = "/canary-database";
  machines = await Machines.open(
    fleet.control.url,
    { t1: withPassword.href, away: away.href },
    { increment: increment(1), personal, failing },
  );
  const refused = await machines.run("enqueue", "personal", "--target", "t1", "--param", "mail=canary-value");
  expect([refused.code, refused.text]).toEqual([2, expect.stringContaining("may be about persons")]);
  for (const job of ["increment", "failing"])
    expect((await machines.run("enqueue", job, "--all-targets")).code).toBe(0);
  const worked = await machines.run("work", "--once");
  await machines.run("schedule", "add", "nightly", "0 22 * * * UTC", "--all-targets", "--", "up");
  expect(worked.text).toMatch(/dead +failing on t1/);
  expect(worked.text).toMatch(/(dead|failed) +increment on away/);
  const tables = await fleet.control.query(
    "select format('select t::text as line from tidefill_queue.%I as t', tablename) as look from pg_tables where schemaname = 'tidefill_queue'",
  );
  expect(tables.length).toBeGreaterThan(10);
  const lines: string[] = [];
  for (const { look } of tables)
    for (const { line } of await fleet.control.query(String(look))) lines.push(String(line));
  expect(lines.join("\n")).toContain("increment");
  for (const text of [lines.join("\n"), worked.text, (await machines.run("queue", "--json")).text])
    expect(text.replaceAll("canary-database", "")).not.toMatch(/canary|postgres:\/\//);
  await target.query("drop role canary_role").catch(() => {});
});
