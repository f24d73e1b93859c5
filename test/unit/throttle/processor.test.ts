import { cpus } from "node:os";
import { expect, test, vi } from "vitest";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import { Processor } from "../../../src/throttle/signals/processor.ts";

vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  platform: () => "darwin",
  cpus: vi.fn(),
}));

/** A server with or without an application at work, whose process id belongs to this machine or not. */
function server(isAtWork: boolean, pid = process.pid): Queryable {
  const row = { is_local: "t", pid: String(pid), may: "t", role: "me", is_at_work: isAtWork ? "t" : "f" };
  return { query: async () => ({ rows: [row], rowCount: 1 }) } as unknown as Queryable;
}

/** Processors, each of which has been busy and idle for so many seconds. */
function have(count: number, busy: number, idle: number): void {
  const times = { user: busy, nice: 0, sys: 0, irq: 0, idle };
  vi.mocked(cpus).mockReturnValue(Array.from({ length: count }, () => ({ model: "", speed: 0, times })));
}

test("beside an application a run on few processors works with one worker, however idle they are", async () => {
  const processor = new Processor();
  have(2, 1, 1);
  expect(await processor.read(server(false))).toBeNull();
  // Two people may be active in the same second, but not in the next one again.
  expect(await processor.read(server(true))).toBeNull();
  for (const idle of [10, 20]) {
    have(2, 1, idle);
    expect(await processor.read(server(true))).toEqual({
      signal: "processor",
      utilization: 0.5,
      reason: "an application is at work on the same 2 processors",
      onlyRestsHelp: true,
      oneWorker: true,
    });
  }
});

test.each([
  [90, 0.5, ""],
  [95, 0.75, ", 95 % busy"],
  [100, 0.99, ", 100 % busy"],
])("few processors that are %i %% busy are utilized by %d", async (busy, utilization, words) => {
  const processor = new Processor();
  have(2, 0, 0);
  await processor.read(server(true));
  have(2, busy, 100 - busy);
  const reading = await processor.read(server(true));
  expect(reading?.utilization).toBeCloseTo(utilization);
  expect(reading).toMatchObject({
    reason: `an application is at work on the same 2 processors${words}`,
    oneWorker: true,
  });
});

test("before the first batch one look is enough, and the next look may correct it", async () => {
  have(2, 1, 1);
  const processor = new Processor();
  expect(await processor.read(server(true))).toMatchObject({ oneWorker: true });
  expect(await processor.read(server(false))).toBeNull();
});

test("on many processors a run gives way according to their load", async () => {
  const processor = new Processor();
  have(16, 0, 0);
  await processor.read(server(true));
  have(16, 35, 65);
  const half = await processor.read(server(true));
  expect(half?.utilization).toBeCloseTo(0.5);
  expect(half).not.toHaveProperty("oneWorker");
  have(16, 125, 75);
  expect(await processor.read(server(true))).toMatchObject({
    utilization: 0.99,
    reason: "processors 90 % > 70 % busy while an application is at work",
  });
});

test("an application that pauses still counts for a while", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    have(2, 1, 1);
    const processor = new Processor();
    await processor.read(server(true));
    await processor.read(server(true));
    vi.advanceTimersByTime(5_000);
    expect(await processor.read(server(false))).toMatchObject({ oneWorker: true });
    vi.advanceTimersByTime(1);
    expect(await processor.read(server(false))).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});

test("without an application a run does not give way, nor on a remote server, where the processors are unknown", async () => {
  have(2, 1, 1);
  expect(await new Processor().read(server(false))).toBeNull();
  // No system has a process with this id.
  expect(await new Processor().read(server(true, 2 ** 30))).toBeNull();
});
