import { cpus } from "node:os";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { Processor } from "../../../src/throttle/signals/processor.ts";
import { Sessions } from "../../support/sessions.ts";

// It looks at the whole server: on the shared one it would see other tests.
let cluster: Cluster;
let sessions: Sessions;

beforeAll(async () => {
  cluster = await Cluster.open({ settings: { fsync: "off" } });
  sessions = new Sessions(cluster.url());
});
afterEach(() => sessions.close());
afterAll(() => cluster.stop("immediate"));

/** So many sessions of one name, each of which has just run a statement. */
async function work(name: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) await (await sessions.open(name)).query("select 1");
}

test("several sessions of one name are an application; people and monitors are not", async () => {
  const processor = new Processor();
  const db = sessions.probe();
  await work("shop", 1);
  await work("somebody", 1);
  await work("tidefill increment", 2);
  expect([await processor.read(db), await processor.read(db)]).toEqual([null, null]);
  await work("shop", 1);
  expect(await processor.read(db)).toBeNull();
  expect(await processor.read(db)).toMatchObject({
    signal: "processor",
    reason: expect.stringContaining(
      cpus().length < 8 ? "an application is at work" : "while an application is at work",
    ),
  });
});
