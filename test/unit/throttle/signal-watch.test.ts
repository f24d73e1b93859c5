import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import {
  type Reading,
  type Signal,
  SignalBlindError,
  type SignalName,
  utilizationOf,
} from "../../../src/throttle/signal.ts";
import { SignalWatch } from "../../../src/throttle/signal-watch.ts";

const nowhere = { query: () => Promise.reject(new Error("nobody asks")) } as Queryable;
let watch: SignalWatch | undefined;
let told: readonly Reading[] = [];
let blind: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  told = [];
  blind = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await watch?.stop();
});

function signal(
  name: SignalName,
  everyMs: number,
  look: () => Promise<number>,
  onError: Signal["onError"] = "ignore",
): Signal {
  const read = async (): Promise<Reading> => {
    const utilization = utilizationOf(await look(), 10);
    return { signal: name, utilization, reason: `${name} ${utilization}` };
  };
  return { name, everyMs, onError, read };
}

async function begin(...signals: Signal[]): Promise<void> {
  watch = new SignalWatch(
    nowhere,
    signals,
    (readings) => {
      told = readings;
    },
    (name, message) => blind.push(`${name}: ${message}`),
  );
  const started = watch.start();
  await vi.advanceTimersByTimeAsync(1);
  await started;
}

test("fast signals are read together, the other signals one after another", async () => {
  const looks: string[] = [];
  const note = (name: string) => async (): Promise<number> => {
    looks.push(`${name} begins`);
    await Promise.resolve();
    looks.push(`${name} ends`);
    return 0;
  };
  await begin(
    signal("autovacuum", 5_000, note("autovacuum")),
    signal("wal", 1_000, note("wal")),
    signal("query", 2_000, note("query")),
    signal("lock waits", 500, note("lock waits")),
  );
  expect(looks).toEqual([
    ...["wal begins", "lock waits begins", "wal ends", "lock waits ends"],
    ...["autovacuum begins", "autovacuum ends", "query begins", "query ends"],
  ]);
});

test("each signal is read at its own interval", async () => {
  const looks = { quick: 0, slow: 0 };
  await begin(
    signal("lock waits", 500, async () => (looks.quick += 1)),
    signal("query", 2_000, async () => (looks.slow += 1)),
  );
  await vi.advanceTimersByTimeAsync(10_000);
  expect(looks).toEqual({ quick: 21, slow: 6 });
});

test("a load signal without an answer keeps its last value, and is unknown after half a minute", async () => {
  let look = async (): Promise<number> => 6;
  await begin(signal("active sessions", 1_000, () => look()));
  expect(told).toMatchObject([{ utilization: 0.6 }]);
  look = () => new Promise(() => {});
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told).toMatchObject([{ utilization: 0.6 }]);
  expect(blind).toEqual(["active sessions: no answer in time"]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told).toEqual([]);
});

test("a signal that the role may not read counts for nothing at once, and is reported once", async () => {
  let look = async (): Promise<number> => 6;
  await begin(signal("active sessions", 500, () => look()));
  look = () => Promise.reject(new SignalBlindError("grant pg_monitor to me"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([]);
  expect(blind).toEqual(["active sessions: grant pg_monitor to me"]);
});

test("a signal that guards against a backlog holds the run while it is unknown", async () => {
  let look = (): Promise<number> => Promise.reject(new Error("away"));
  await begin(signal("replication lag", 500, () => look(), "hold"));
  expect(told).toMatchObject([{ utilization: 1, reason: "replication lag unknown: away" }]);
  look = async () => 2;
  await vi.advanceTimersByTimeAsync(600);
  expect(told).toMatchObject([{ utilization: 0.2 }]);
});

test("a slow signal delays no other", async () => {
  let utilization = 0;
  let look = async (): Promise<number> => 0;
  await begin(
    signal("stop file", 500, async () => utilization),
    signal("function", 2_000, () => look()),
    signal("prometheus", 5_000, () => look()),
    signal("lock waits", 500, () => look()),
  );
  look = () => new Promise(() => {});
  await vi.advanceTimersByTimeAsync(2_100);
  utilization = 10;
  await vi.advanceTimersByTimeAsync(750);
  expect(told).toContainEqual({ signal: "stop file", utilization: 1, reason: "stop file 1" });
});
