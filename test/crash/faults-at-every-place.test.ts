import type { Job, RunReport } from "tidefill";
import { afterAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import bySql from "./jobs/count-by-sql.ts";
import byRow from "./jobs/count-rows.ts";
import { jobCalled } from "./jobs/effects.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { fillSource, requireEffectsOnce, traces } from "./programs/effects.ts";
import { actions, places, SomeOf } from "./programs/fault-places.ts";
import { FaultTable } from "./programs/fault-table.ts";
import { Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);
const table = new FaultTable();

const batchRows = 3;
/** Every other statement at a place is struck, so that each batch fails about once. */
const share = 0.5;
const mostFaults = isLong ? 150 : 12;
const rows = isLong ? 450 : 60;

/** A job, and the oracle of what it leaves. */
interface Kind {
  readonly job: Job;
  fill(): Promise<void>;
  requireOnce(): Promise<void>;
}

const counting = [byRow, bySql].map((job) => ({
  job,
  fill: () => fillCounters(database, rows),
  requireOnce: () => requireCountedOnce(database, rows),
}));
const effects = traces.map((trace) => ({
  job: jobCalled(trace.job),
  fill: () => fillSource(database, rows),
  requireOnce: () => requireEffectsOnce(database, trace, rows),
}));
const kinds: readonly Kind[] = [...counting, ...effects];

/** Works on the run until it is done: an operator types `resume` where the command gave up. */
async function workToItsEnd(job: Job, first: Work): Promise<RunReport> {
  for (let work = first; ; ) {
    const report = await work.report.catch(() => null);
    if (report?.status === "succeeded") return report;
    expect(report?.status ?? "gave up").not.toBe("failed");
    work = new Work(job, { connectionString: database.url, workers: 2 }, { isResumed: true });
  }
}

/** Strikes statements at one place of one run, and asks the oracle. Returns how many faults have struck. */
async function strike({ job, fill, requireOnce }: Kind, place: string, action: string, random: Random) {
  await fill();
  const options = { connectionString: proxied.url, workers: 4, inTest: { batchRows } };
  const work = new Work(job, options);
  await work.saw("run started");
  const match = new SomeOf(places[place]!(), share, random);
  const armed = proxied.proxy.arm({ match, times: mostFaults, action: actions[action]! });
  await workToItsEnd(job, work);
  armed.disarm();
  await requireOnce();
  return Math.min(mostFaults, armed.hits);
}

const cells = kinds.flatMap((kind) =>
  Object.keys(places).flatMap((place) =>
    Object.keys(actions).map((action) => [kind.job.name, place, action, kind] as const),
  ),
);
const chosen = new Random("places of faults");
/** The short suite tries a few cells of the table, different ones each time. */
const tried = isLong ? cells : cells.filter(() => chosen.next() < 0.06);

test.each(tried)("%s: %s, %s: each row is done once", async (name, place, action, kind) => {
  table.begin();
  const struck = await strike(kind, place, action, new Random(`${name} ${place} ${action}`));
  table.add(name, place, action, struck);
});

afterAll(async () => {
  console.info(`${table}`);
  if (isLong && table.total >= 30_000) await table.publish();
});
