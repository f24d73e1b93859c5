import { setTimeout as delay } from "node:timers/promises";
import { undoRun } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { jobCalled } from "./jobs/effects.ts";
import { setCheckpointPace, setPace } from "./programs/counters.ts";
import { fillSource, requireEffectsOnce, sourceHash, type Trace, traces } from "./programs/effects.ts";
import { batchCommit, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { finish, killAgainAndAgain } from "./programs/task-process.ts";
import { terminateOne } from "./programs/terminate.ts";
import { Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);
const rows = isLong ? 60_000 : 5_000;
const each = traces.map((trace) => [trace.job, trace] as const);
/** The jobs on which the short suite tries the other faults; processes are killed for every job. */
const some = each.filter(([job]) => isLong || ["insert-many", "delete-rows", "move-by-sql"].includes(job));

const onceUnderKills = "%s in killed processes has its effect once for each row";

async function requireOnceUnderKills(job: string, trace: Trace): Promise<void> {
  await fillSource(database, rows);
  await setPace(database, 0.001);
  const options = { url: database.url, job, task: "work" } as const;
  const before = await sourceHash(database);
  const batches = await killAgainAndAgain(
    database,
    new Random(`kills of ${job}`),
    isLong ? 60 : 4,
    1,
    options,
  );
  console.info(`${job}: ${batches} batches under kills`);
  await setPace(database, 0);
  await finish(options);
  await requireEffectsOnce(database, trace, rows);
  const undone = await undoRun(job, { connectionString: database.url });
  expect(undone).toMatchObject({ status: "succeeded", rows: { conflicted: 0, skipped: 0, rejected: 0 } });
  expect(await sourceHash(database)).toEqual(before);
  expect(await database.query("select from effect")).toEqual([]);
}

test.each(some)(onceUnderKills, { tags: ["promise"] }, requireOnceUnderKills);
test.each(each.filter((one) => !some.includes(one)))(onceUnderKills, requireOnceUnderKills);

test.each(some)(
  "%s with lost commits and lost answers has its effect once for each row",
  async (job, trace) => {
    await fillSource(database, rows);
    await setPace(database, 0.000_3);
    const random = new Random(`lost commits of ${job}`);
    const work = new Work(jobCalled(job), { connectionString: proxied.url, workers: 1, lease: "10m" });
    await work.saw("batch committed");
    const expected: string[] = [];
    for (let lost = 0; lost < (isLong ? 60 : 4); lost += 1) {
      const action = lost % 2 === 0 ? "swallow" : "swallow-reply";
      await proxied.strike(work, { match: batchCommit(), after: random.between(1, 2), action });
      const resolved = () => work.all("commit resolved")[expected.length];
      const next = work.all("batch committed").length + 3;
      await until(
        async () => resolved() ?? (work.all("batch committed").length > next || work.failIfOver("it")),
        {
          describe: "a lost commit is resolved",
          everyMs: 2,
        },
      );
      // It may have been a heartbeat's.
      if (resolved() !== undefined) expected.push(action === "swallow" ? "rolled back" : "committed");
    }
    await setPace(database, 0);
    expect(await work.report).toMatchObject({ status: "succeeded", rows: { read: rows, rejected: 0 } });
    expect(work.all("commit resolved").map(({ outcome }) => outcome)).toEqual(expected);
    await requireEffectsOnce(database, trace, rows);
  },
);

test.each(some)("%s survives terminated backends with one effect for each row", async (job, trace) => {
  await fillSource(database, rows);
  await setPace(database, 0.001);
  const random = new Random(`terminated backends of ${job}`);
  const work = new Work(jobCalled(job), { connectionString: database.url, workers: 3 });
  await work.saw("batch committed");
  await setCheckpointPace(database, 0.03);
  for (let done = 0; done < (isLong ? 300 : 12); ) {
    await delay(random.between(0, 60));
    done += await terminateOne(database);
    work.failIfOver(`termination ${done}`);
  }
  await setPace(database, 0);
  await setCheckpointPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded" });
  await requireEffectsOnce(database, trace, rows);
});
