import { RefusedError, runJob } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { isLong } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();

test("when two runs of one job begin at the same moment, one is refused", { tags: ["promise"] }, async () => {
  for (let round = 1; round <= (isLong ? 100 : 5); round += 1) {
    await fillCounters(database, 1_500);
    setDelay(2);
    const options = { connectionString: database.url, workers: 2 };
    const both = await Promise.allSettled([runJob(byRow, options), runJob(byRow, options)]);
    const [done, refused] = both[0].status === "fulfilled" ? both : [both[1], both[0]];
    expect(done).toMatchObject({ status: "fulfilled", value: { status: "succeeded" } });
    expect(refused).toMatchObject({ status: "rejected", reason: expect.any(RefusedError) });
    await requireCountedOnce(database, 1_500);
  }
});

test("eight processes that begin at the same moment make one run, and count each row exactly once", {
  tags: ["promise"],
}, async () => {
  await fillCounters(database, 12_000);
  const options = { url: database.url, workers: 2 };
  const runners = Array.from({ length: 8 }, () => new RunnerProcess(options, 30));
  for (const runner of runners) {
    expect([(await runner.ended).signal, runner.trouble]).toEqual([null, null]);
  }
  expect(runners.filter((runner) => runner.all("batch committed").length > 0).length).toBeGreaterThan(1);
  await requireCountedOnce(database, 12_000);
});

test("joining a run at the moment when it ends finds it succeeded, or says so", async () => {
  for (let round = 1; round <= (isLong ? 100 : 8); round += 1) {
    await fillCounters(database, 300);
    const first = new Work(byRow, { connectionString: database.url, workers: 2 });
    await first.saw("range planned");
    const joining = Array.from({ length: 6 }, () => {
      return new Work(byRow, { connectionString: database.url, workers: 1 }, { isResumed: true });
    });
    for (const outcome of await Promise.allSettled([first, ...joining].map(({ report }) => report))) {
      if (outcome.status === "fulfilled") expect(outcome.value).toMatchObject({ status: "succeeded" });
      else expect(outcome.reason).toMatchObject({ name: "RefusedError", check: "run-is-unfinished" });
    }
    await requireCountedOnce(database, 300);
  }
});
