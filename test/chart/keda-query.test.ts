import { PgBoss } from "pg-boss";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { goldenManifests } from "./manifests.ts";

const database = useDatabase();
let boss: PgBoss;

const scaled = goldenManifests("keda-from-zero").find(({ kind }) => kind === "ScaledObject")!;
const { query } = scaled.spec.triggers[0].metadata as { readonly query: string };

/** What KEDA would read. */
async function counted(): Promise<number> {
  const [row] = await database.query(query);
  return Number(Object.values(row ?? {})[0]);
}

beforeAll(async () => {
  boss = new PgBoss({
    connectionString: database.url,
    schema: "tidefill_queue",
    supervise: false,
    schedule: false,
  });
  await boss.start();
  for (const name of ["run", "dead"]) await boss.createQueue(name, { retryLimit: 1 });
});

afterAll(() => boss.stop({ graceful: false }));

test("KEDA's query counts items that may begin and those that are being done", async () => {
  expect(await counted()).toBe(0);
  await boss.send("run", {});
  await boss.send("run", {});
  await boss.send("run", {}, { startAfter: 3_600 });
  await boss.send("dead", {});
  expect(await counted()).toBe(2);

  const [first] = await boss.fetch("run");
  expect(await counted(), "one waits, one is being done").toBe(2);
  await boss.fail("run", first!.id);
  expect(await counted(), "it waits for another attempt").toBe(2);
  for (const _ of [1, 2]) {
    const [next] = await boss.fetch("run");
    await boss.complete("run", next!.id);
  }
  expect(await counted(), "the deferred one is left").toBe(0);
});
