import { setTimeout as delay } from "node:timers/promises";
import { defineJob, rowsOf, sql, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { counters, useFleet } from "./test-fleet.ts";

const names = ["a1", "a2", "a3", "a4", "b1", "b2"];
const fleet = useFleet(names);
beforeEach(() => fleet().fill(100));

const slow = defineJob({
  name: "slow",
  source: rowsOf(counters, { read: ["n"], pending: sql`label is null` }),
  transform: async ({ n }) => {
    await delay(4);
    return { label: `n${n}` };
  },
  sink: update(counters, ["label"]),
});

test("a server that holds many targets is worked on at no more of them at once than it allows, by all workers together", async () => {
  fleet().options = { atOncePerGroup: 2 };
  fleet().groups = Object.fromEntries(names.map((name) => [name, name.slice(0, 1)]));
  await fleet().send("slow");
  const done = new AbortController();
  const seen: Record<string, number> = { a: 0, b: 0 };
  const sampling = (async () => {
    while (!done.signal.aborted) {
      const active = await fleet().control.query(
        "select group_id, count(*)::integer as items from tidefill_queue.job where state = 'active' group by group_id",
      );
      const sessions = await fleet().control.query(
        "select datname as name from pg_stat_activity where application_name = 'tidefill slow' group by datname",
      );
      const databases = sessions.map(({ name }) => String(name));
      const inGroup = (group: string): number =>
        names.filter((name) => name.startsWith(group) && databases.includes(fleet().target(name).name))
          .length;
      for (const group of ["a", "b"]) {
        const items = active.find(({ group_id: id }) => id === group)?.items as number | undefined;
        seen[group] = Math.max(seen[group] ?? 0, items ?? 0, inGroup(group));
      }
      await delay(15);
    }
  })();
  const ended = (await Promise.all([1, 2, 3].map(() => fleet().work({ jobs: [slow], slots: 3 })))).flat();
  done.abort();
  await sampling;
  expect(ended.filter(({ kind }) => kind === "done")).toHaveLength(names.length);
  // pg-boss may exceed the limit by one when workers fetch at the same moment: it protects from load only.
  expect(seen.a).toBeGreaterThan(1);
  expect(seen.a).toBeLessThanOrEqual(3);
  expect(seen.b).toBeLessThanOrEqual(3);
  for (const name of names) expect(await fleet().labelled(name)).toBe(100);
});
