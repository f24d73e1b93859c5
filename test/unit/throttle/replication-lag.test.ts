import { expect, test } from "vitest";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import { ReplicationLag } from "../../../src/throttle/signals/replication-lag.ts";

/** A primary at 5,000,000 with these standbys, by name and position. */
function primary(...standbys: readonly (readonly [string, number])[]): Queryable {
  const rows = standbys.map(([name, position]) => ({
    primary_position: "5000000",
    is_replica: "t",
    is_hidden: "f",
    name,
    position: String(position),
  }));
  return { query: async () => ({ rows, count: rows.length }) };
}

function lag(...declared: readonly string[]): ReplicationLag {
  return new ReplicationLag({ declared: () => declared, maxSeconds: 1_000, maxBytes: 1_000_000 });
}

test("of standbys with the same name, the one that is further behind counts", async () => {
  for (const standbys of [
    [
      ["walreceiver", 5_000_000],
      ["walreceiver", 3_000_000],
    ],
    [
      ["walreceiver", 3_000_000],
      ["walreceiver", 5_000_000],
    ],
  ] as const) {
    const signal = lag("walreceiver");
    expect((await signal.read(primary(...standbys)))?.utilization).toBeGreaterThanOrEqual(2);
    expect(signal.lags.map(({ bytes }) => bytes).sort()).toEqual([0, 2_000_000]);
  }
});

test("a declared standby that is not connected is blind", async () => {
  await expect(lag("replica-b").read(primary(["replica-a", 5_000_000]))).rejects.toThrow(
    "replica-b is not connected",
  );
});
