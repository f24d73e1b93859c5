import { UsageError } from "tidefill";
import { describe, expect, test } from "vitest";
import { parseBytes } from "../../../src/job/pace/bytes.ts";
import { changePace, checkPace, parsePaceChange, type RunPace } from "../../../src/job/pace/pace.ts";
import { canary, stages } from "../../../src/job/pace/rollout.ts";
import {
  functionThrottle,
  prometheusThrottle,
  replicaLag,
  sqlThrottle,
  walRate,
} from "../../../src/job/pace/throttles.ts";
import { type Sql, sql } from "../../../src/postgres/sql/sql.ts";

describe("a change of pace", () => {
  test.each([
    ["workers=2", { workers: 2 }],
    ["batch-time=100ms", { batchTime: "100ms" }],
    ["rows-per-second=5000", { rowsPerSecond: 5_000 }],
    ["rows-per-second=5_000", { rowsPerSecond: 5_000 }],
    ["rows-per-second=1,000,000", { rowsPerSecond: 1_000_000 }],
    ["window=22:00-06:00 Europe/Berlin", { window: "22:00-06:00 Europe/Berlin" }],
    ["workers=default", { workers: null }],
    ["batch-time=default", { batchTime: null }],
    ["rows-per-second=default", { rowsPerSecond: null }],
    ["window=default", { window: null }],
  ])("is read from %s", (word, change) => {
    expect(parsePaceChange([word])).toEqual(change);
  });

  test("may name several settings, and the last value counts", () => {
    expect(parsePaceChange(["workers=2", "batch-time=1s", "workers=3"])).toEqual({
      workers: 3,
      batchTime: "1s",
    });
  });

  test.each([
    ["speed=5", '"speed=5" is not a setting of a run.'],
    ["workers", '"workers" is not a setting of a run.'],
    ["workers5", '"workers5" is not a setting of a run.'],
    ["=5", '"=5" is not a setting of a run.'],
    ["batchTime=1s", '"batchTime=1s" is not a setting of a run.'],
    ["workers=two", 'workers must be a number, got "two".'],
    ["workers=", 'workers must be a number, got "".'],
    ["workers=0", "The number of workers must be a whole number from 1 to 64, got 0."],
    ["workers=65", "The number of workers must be a whole number from 1 to 64, got 65."],
    ["workers=1.5", "The number of workers must be a whole number from 1 to 64, got 1.5."],
    ["rows-per-second=0", "Rows per second must be a number from 1, got 0."],
    ["rows-per-second=Infinity", 'rows-per-second must be a number, got "Infinity".'],
    ["rows-per-second=0x10", 'rows-per-second must be a number, got "0x10".'],
    ["workers=-1", "The number of workers must be a whole number from 1 to 64, got -1."],
    ["replica=a,,b", 'replica must be names joined by commas, got "a,,b".'],
    ["ignore=", 'ignore must be names joined by commas, got "".'],
    ["batch-time=9ms", "The batch time must be between 10ms and 5s, got 9ms."],
    ["batch-time=5001ms", "The batch time must be between 10ms and 5s, got 5001ms."],
    ["batch-time=100", '"100" is not a duration.'],
    ["batch-time=", '"" is not a duration.'],
    ["window=at night", '"at night" is not a window: it does not have the form of one.'],
  ])("is refused for %s: %s", (word, message) => {
    expect(() => parsePaceChange([word])).toThrow(UsageError);
    expect(() => parsePaceChange([word])).toThrow(expect.objectContaining({ message }));
  });

  test("with nothing in it is refused", () => {
    expect(() => parsePaceChange([])).toThrow(/^Nothing to set\.$/);
  });

  test.each([
    [{ workers: 1 }, { workers: 1, batchTime: "1s" }],
    [{ workers: null }, { batchTime: "1s" }],
    [{ workers: undefined }, { workers: 2, batchTime: "1s" }],
    [{ rowsPerSecond: 10 }, { workers: 2, batchTime: "1s", rowsPerSecond: 10 }],
    [{}, { workers: 2, batchTime: "1s" }],
  ])("%o leaves unchanged what it does not name", (change, expected) => {
    const pace: RunPace = { workers: 2, batchTime: "1s" };
    expect(changePace(pace, change)).toEqual(expected);
    expect(pace).toEqual({ workers: 2, batchTime: "1s" });
  });

  test.each([{ workers: Number.NaN }, { rowsPerSecond: -5 }, { batchTime: "1h" }, { window: "" }] as const)(
    "to %o is refused, from every source",
    (pace) => {
      expect(() => checkPace<RunPace>(pace)).toThrow(UsageError);
      expect(() => changePace({}, pace)).toThrow(UsageError);
    },
  );
});

describe("an amount of bytes", () => {
  test.each([
    ["0B", 0],
    ["1kB", 1_024],
    ["512MB", 536_870_912],
    ["512 MB", 536_870_912],
    ["1.5GB", 1_610_612_736],
    ["2TB", 2_199_023_255_552],
  ])("%s is %i", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "512", "512KB", "512mb", "-1MB", "1,5GB", ".5GB", "1e3MB", " 1MB", "1MB/s", "MB"])(
    "%j is refused, and quoted",
    (text) => {
      expect(() => parseBytes(text)).toThrow(UsageError);
      expect(() => parseBytes(text)).toThrow(`"${text}" is not an amount of bytes.`);
    },
  );
});

describe("a canary", () => {
  test.each([
    ["1%", 0.01],
    ["0.5%", 0.005],
    [" 50% ", 0.5],
    ["5000 rows", 0.25],
    ["5_000 rows", 0.25],
    ["5,000", 0.25],
    ["1 row", 0.00005],
  ])("of %s is %d of 20,000 rows, followed by all rows", (text, share) => {
    expect(canary(text, 20_000)).toEqual({ shares: [share, 1], isAutomatic: false, soakMs: 0 });
  });

  test.each([
    ["100%", 20_000],
    ["20000 rows", 20_000],
    ["20001 rows", 20_000],
    ["5 rows", 0],
    ["5 rows", -1],
  ])("of %s of %i rows is all of them", (text, rows) => {
    expect(canary(text, rows).shares).toEqual([1]);
  });

  test.each(["", "0%", "101%", "-1%", "1 %", "%", "0 rows", "_", "-5 rows", "1.5 rows", "some rows"])(
    "of %j is refused",
    (text) => {
      expect(() => canary(text, 20_000)).toThrow(UsageError);
      expect(() => canary(text, 20_000)).toThrow(`"${text}" is not a part of the rows.`);
    },
  );
});

describe("stages", () => {
  test.each([
    ["1%,10%,100%", [0.01, 0.1, 1]],
    ["0.1%, 100%", [0.001, 1]],
    ["100%", [1]],
  ])("%s are the shares %o", (text, shares) => {
    expect(stages(text, "5m")).toEqual({ shares, isAutomatic: true, soakMs: 300_000 });
  });

  test("soak for a minute by default", () => {
    expect(stages("1%,100%").soakMs).toBe(60_000);
  });

  test.each([
    ["1%,10%", 'The stages "1%,10%" do not rise to 100%.'],
    ["10%,1%,100%", 'The stages "10%,1%,100%" do not rise to 100%.'],
    ["1%,1%,100%", 'The stages "1%,1%,100%" do not rise to 100%.'],
    ["1%,,100%", '"" is not a part of the rows.'],
    ["5000 rows,100%", '"5000 rows" is not a part of the rows.'],
    ["50%,110%", '"110%" is not a part of the rows.'],
    ["", '"" is not a part of the rows.'],
  ])("%j are refused: %s", (text, message) => {
    expect(() => stages(text, "1m")).toThrow(UsageError);
    expect(() => stages(text, "1m")).toThrow(expect.objectContaining({ message }));
  });

  test("are refused with an invalid soak", () => {
    expect(() => stages("1%,100%", "soon")).toThrow('"soon" is not a duration.');
  });
});

describe("a throttle", () => {
  const read = (): number => 1;
  const url = "http://prometheus:9090";

  test("of replicas and of WAL is stored in seconds and bytes", () => {
    expect(replicaLag({ max: "1500ms", maxBytes: "1kB" })).toMatchObject({
      maxSeconds: 1.5,
      maxBytes: 1_024,
    });
    expect(replicaLag({})).toMatchObject({ replicas: [], maxSeconds: null, maxBytes: null });
    expect(walRate({ max: "20MB" })).toEqual({ kind: "wal rate", maxBytesPerSecond: 20_971_520 });
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "with the limit %d is refused by its name",
    (max) => {
      const message = /"crowd" has no limit above 0/;
      expect(() => sqlThrottle({ name: "crowd", query: sql`select 1`, max })).toThrow(message);
      expect(() => functionThrottle({ name: "crowd", read, max })).toThrow(message);
      expect(() => prometheusThrottle({ name: "crowd", url, query: "up", max })).toThrow(message);
    },
  );

  test("without a name, a query or an address is refused", () => {
    expect(() => functionThrottle({ name: "", read, max: 1 })).toThrow(/has no name/);
    const text = "select 1" as unknown as Sql;
    expect(() => sqlThrottle({ name: "crowd", query: text, max: 1 })).toThrow(/"crowd" has no query/);
    const bare = { name: "crowd", url: "prometheus:9090", query: "up", max: 1 };
    expect(() => prometheusThrottle(bare)).toThrow(/"crowd" has no address of a Prometheus server/);
  });

  test("of no bytes or no time is refused", () => {
    expect(() => walRate({ max: "0MB" })).toThrow(UsageError);
    expect(() => replicaLag({ max: "0s" })).toThrow(UsageError);
    expect(() => replicaLag({ maxBytes: "0B" })).toThrow(UsageError);
  });
});
