import { beforeEach, expect, test, vi } from "vitest";
import type { EngineEvent } from "../../../src/engine/report/events.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { Hold } from "../../../src/remedies/hold.ts";
import { holdByCalls } from "../../../src/remedies/hold-by-calls.ts";
import { holdBySignal } from "../../../src/remedies/hold-by-signal.ts";
import { noProgress } from "../../../src/store/runs/progress.ts";
import type { RunStatus } from "../../../src/store/runs/run-status.ts";

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics("1.2.3");
  const counts = { workers: 1, estimatedRows: 10, estimatedWalk: 10 };
  hear({ type: "run started", kind: "run", isResumed: false, ...counts });
});

type WithoutRun<Event> = Event extends unknown ? Omit<Event, "job" | "run"> : never;

function hear(event: WithoutRun<EngineEvent>): void {
  metrics.hear({ ...event, job: "ask", run: 1n } as EngineEvent);
}

type Ended = Extract<EngineEvent, { type: "call ended" }>;

function call(outcome: Ended["outcome"], seconds: number, cost: Ended["cost"] = null): void {
  hear({ type: "call began" });
  hear({ type: "call ended", reason: null, outcome, seconds, cost });
}

function progress(hold: Hold | null): void {
  const counts = {
    ratio: 0,
    rowsRemaining: 10,
    etaInterval: null,
    workers: 1,
    busyWorkers: 1,
    batchRows: 10,
  };
  const pace = { level: 1, heldBack: null, hold };
  hear({ type: "progress", progress: noProgress, status: "running", ...counts, ...pace });
}

function observed(keptAnswers: number | null): void {
  const activity = { walBytes: 0, deadTuples: 0 } as Extract<
    EngineEvent,
    { type: "server observed" }
  >["activity"];
  const sizes = { ownWalBytesPerSecond: null, undoLogBytes: 0, keptAnswers };
  hear({ type: "server observed", table: "notes", activity, replicas: [], ...sizes });
}

function stop(status: RunStatus): void {
  hear({ type: "run stopped", status, stopReason: null, message: null, progress: noProgress });
}

/** The series of a metric on the scrape page, each with its value. */
async function series(name: string): Promise<Readonly<Record<string, number>>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith(name));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(name.length, at), Number(line.slice(at + 1))];
    }),
  );
}

const ofJob = '{job_name="ask"}';

test("all series whose labels are known stand at 0 before the first call", async () => {
  expect(await series("tidefill_calls_total")).toEqual({
    '{job_name="ask",outcome="answered"}': 0,
    '{job_name="ask",outcome="failed"}': 0,
    '{job_name="ask",outcome="timed_out"}': 0,
    '{job_name="ask",outcome="told_to_wait"}': 0,
  });
  expect(await series("tidefill_call_duration_seconds_count")).toEqual({ [ofJob]: 0 });
  expect(await series("tidefill_calls_under_way")).toEqual({ [ofJob]: 0 });
  expect(await series("tidefill_calls_paused_seconds_total")).toEqual({ [ofJob]: 0 });
});

test("what is not known has no series: answers that no run keeps, and a price that no job states", async () => {
  call("answered", 1);
  observed(null);
  expect(await series("tidefill_kept_answers")).toEqual({});
  expect(await series("tidefill_call_cost_total")).toEqual({});
});

test("each call counts by its outcome, with its time", async () => {
  call("answered", 0.02);
  call("answered", 45);
  call("failed", 0.3);
  call("timed out", 700);
  call("told to wait", 0.3);
  expect(await series("tidefill_calls_total")).toEqual({
    '{job_name="ask",outcome="answered"}': 2,
    '{job_name="ask",outcome="failed"}': 1,
    '{job_name="ask",outcome="timed_out"}': 1,
    '{job_name="ask",outcome="told_to_wait"}': 1,
  });
  const buckets = await series("tidefill_call_duration_seconds_bucket");
  expect(buckets).toMatchObject({
    '{le="0.01",job_name="ask"}': 0,
    '{le="0.025",job_name="ask"}': 1,
    '{le="0.5",job_name="ask"}': 3,
    '{le="60",job_name="ask"}': 4,
    '{le="600",job_name="ask"}': 4,
    '{le="+Inf",job_name="ask"}': 5,
  });
  expect(await series("tidefill_call_duration_seconds_count")).toEqual({ [ofJob]: 5 });
  expect((await series("tidefill_call_duration_seconds_sum"))[ofJob]).toBeCloseTo(745.62);
});

test("calls are under way until they end, and none is when the run has stopped", async () => {
  for (let calls = 0; calls < 3; calls++) hear({ type: "call began" });
  expect(await series("tidefill_calls_under_way")).toEqual({ [ofJob]: 3 });
  const ended = { type: "call ended", reason: null, outcome: "failed", seconds: 1, cost: null } as const;
  hear(ended);
  expect(await series("tidefill_calls_under_way")).toEqual({ [ofJob]: 2 });
  stop("interrupted");
  expect(await series("tidefill_calls_under_way")).toEqual({ [ofJob]: 0 });
  hear(ended);
  expect(await series("tidefill_calls_under_way")).toEqual({ [ofJob]: 0 });
});

test("costs add up by their currency", async () => {
  call("answered", 1, { amount: 0.25, currency: "USD" });
  call("failed", 1, { amount: 0.25, currency: "USD" });
  call("answered", 1, { amount: 3, currency: "tokens" });
  expect(await series("tidefill_call_cost_total")).toEqual({
    '{job_name="ask",currency="USD"}': 0.5,
    '{job_name="ask",currency="tokens"}': 3,
  });
});

test("kept answers are those last seen; a run that has succeeded keeps none", async () => {
  observed(40);
  observed(12);
  expect(await series("tidefill_kept_answers")).toEqual({ [ofJob]: 12 });
  stop("interrupted");
  expect(await series("tidefill_kept_answers")).toEqual({ [ofJob]: 12 });
  stop("succeeded");
  expect(await series("tidefill_kept_answers")).toEqual({});
});

test("time counts as paused while another system has told the run to wait, and for no other hold", async () => {
  const clock = vi.spyOn(performance, "now");
  const at = (ms: number, hold: Hold | null): void => {
    clock.mockReturnValue(ms);
    progress(hold);
  };
  const told = holdByCalls({ ms: 12_000, why: "answers 429" }, "ask");
  const slowed = holdBySignal({ signal: "wal", utilization: 0.8, reason: "60 MB/s" }, false, "ask");
  at(0, told);
  at(1_000, told);
  at(2_500, told);
  at(3_500, null);
  at(4_500, slowed);
  clock.mockRestore();
  expect(slowed.kind).toBe(told.kind);
  expect(await series("tidefill_calls_paused_seconds_total")).toEqual({ [ofJob]: 2.5 });
});
