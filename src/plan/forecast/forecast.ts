import type { WriteVerb } from "../open/opened-job.ts";
import { type Advice, adviceFor } from "./advice.ts";
import { freshBytes, rowBytes } from "./column-facts.ts";
import type { ForecastTable } from "./forecast-table.ts";
import type { IndexFacts } from "./index-facts.ts";
import { type Interval, nothing, plus, rounded, times } from "./interval.ts";
import type { TableStatistics } from "./table-statistics.ts";

/** What earlier runs of the job have shown. */
export interface Measured {
  /** the newest run that was measured */
  readonly run: number;
  /** rows per second of the last runs, including pauses */
  readonly speeds: readonly number[];
  /** bytes of WAL for each row read, including the undo log's; null where unknown */
  readonly walBytesPerRow: number | null;
}

/** The estimated cost of a run, as intervals: the real cost should lie between their ends. */
export interface Forecast {
  /** null until a batch of the job has been measured */
  readonly seconds: Interval | null;
  /** the run whose batches gave the time and the WAL; null where only the catalogue did */
  readonly measuredByRun: number | null;
  /** write-ahead log, including the undo log's and full-page images */
  readonly walBytes: Interval;
  /** how much the tables and their indexes grow if vacuum never runs */
  readonly growthBytes: Interval;
  /** dead row versions left for vacuum */
  readonly deadBytes: Interval;
  /** null where no undo log is kept */
  readonly undoLogBytes: Interval | null;
  /** what would make it cheaper */
  readonly advice: readonly Advice[];
}

/** How far a figure measured on other rows may be off. */
const slowerOrFaster: Interval = { low: 0.75, high: 1.35 };

/** Forecasts the cost of a run over about `rows` rows, from earlier runs of the job if any. Pure. */
export function forecast(
  rows: number,
  tables: readonly ForecastTable[],
  surroundings: { readonly hasUndoLog: boolean; readonly checkpointBytes: number },
  measured: Measured | null,
): Forecast {
  const costs = tables.map((table) => costOf(table, surroundings.hasUndoLog));
  const total = (part: keyof Cost): Interval => times(rows, plus(...costs.map((cost) => cost[part])));
  const speeds = measured?.speeds.filter((speed) => speed > 0) ?? [];
  const known = measured?.walBytesPerRow ?? null;
  const written = total("wal");
  return {
    seconds:
      speeds.length === 0
        ? null
        : rounded(
            times(slowerOrFaster, { low: rows / Math.max(...speeds), high: rows / Math.min(...speeds) }),
          ),
    measuredByRun: measured?.run ?? null,
    walBytes: rounded(
      known === null
        ? plus(written, fullPageImages(rows, tables, written.high, surroundings.checkpointBytes))
        : times(slowerOrFaster, rows * known),
    ),
    growthBytes: rounded(total("growth")),
    deadBytes: rounded(total("dead")),
    undoLogBytes: surroundings.hasUndoLog ? rounded(total("undo")) : null,
    advice: tables.flatMap(adviceFor),
  };
}

/** What one row costs in one table, in bytes. */
interface Cost {
  readonly wal: Interval;
  readonly growth: Interval;
  readonly dead: Interval;
  readonly undo: Interval;
}

/** A WAL record without its row: its header, its block, and the place in the block. */
const recordBytes: Interval = { low: 40, high: 90 };
/** A row version's line pointer in its page. */
const lineBytes = 4;
/** Pages of an index filled in random order are about half full to full. */
const indexRoom: Interval = { low: 0.9, high: 2.5 };
/** A row of an undo log without keys and values: its header, kind and sweep. */
const imageBytes: Interval = { low: 32, high: 48 };

function costOf({ facts, verb, changed, canBeHot }: ForecastTable, hasUndoLog: boolean): Cost {
  const isUpdate = verb === "update";
  const after = isUpdate || facts.bytes === 0 ? laidOut(facts, changed) : facts.rowBytes;
  const entries = verb === "delete" || (isUpdate && canBeHot) ? nothing : entriesOf(facts.indexes);
  const undo = hasUndoLog ? imageOf(facts, verb, changed) : nothing;
  const undoWal = hasUndoLog ? plus(recordBytes, undo) : nothing;
  const perPage = 100 / facts.fillFactor;
  const newVersion = times(plus(after, both(lineBytes)), { low: 1, high: 1.15 * perPage });
  // Updates within a page that has room do not make the table longer.
  const grown =
    isUpdate && canBeHot && facts.fillFactor < 100 ? { low: 0, high: newVersion.high } : newVersion;
  // An update within its page logs only what has changed.
  const logged =
    verb === "delete"
      ? nothing
      : isUpdate
        ? { low: 0, high: after.high }
        : { low: 0.8 * after.low, high: after.high };
  const missing = canBeHot || verb === "delete" ? nothing : times(entries, { low: 0, high: 1 });
  return {
    wal: plus(recordBytes, logged, logOf(entries, facts.indexes.length), undoWal),
    growth: verb === "delete" ? nothing : plus(grown, missing),
    dead: verb === "insert" ? nothing : plus(facts.rowBytes, both(lineBytes)),
    undo,
  };
}

/** Bytes of a row once its changed columns hold what the run writes. */
function laidOut(facts: TableStatistics, changed: readonly string[]): Interval {
  const isNew = facts.bytes === 0;
  const after = rowBytes(
    facts.columns.map((column) => ({
      alignment: column.alignment,
      bytes: isNew || changed.includes(column.name) ? freshBytes(column) : column.present,
    })),
  );
  // An average row from statistics may be off by a page's rounding.
  return times(after, { low: 0.9, high: 1.1 });
}

/** Bytes that the indexes keep for one more row. */
function entriesOf(indexes: readonly IndexFacts[]): Interval {
  const bytes = indexes.reduce((sum, index) => sum + index.entryBytes + lineBytes, 0);
  return times(bytes, indexRoom);
}

function logOf(entries: Interval, indexes: number): Interval {
  if (entries.high === 0) return nothing;
  // A partial index may contain none of the rows; a page split is logged twice.
  return plus({ low: 0, high: entries.high * 2 }, times(recordBytes, { low: 0, high: indexes }));
}

/** An image holds the key, and the old and new values of an update or the whole row of a delete. */
function imageOf(facts: TableStatistics, verb: WriteVerb, changed: readonly string[]): Interval {
  const key: Interval = { low: 4, high: 80 };
  if (verb === "insert") return plus(imageBytes, key);
  if (verb === "delete") return plus(imageBytes, key, { low: 0, high: facts.rowBytes.high });
  const values = facts.columns.filter(({ name }) => changed.includes(name));
  const fresh = plus(...values.map(freshBytes), nothing);
  const before = plus(...values.map((column) => column.present), nothing);
  const room = 8 * 2 * values.length;
  return plus(imageBytes, key, fresh, before, { low: 0, high: room });
}

/** The first change to a page after a checkpoint logs the whole page; the WAL tells how many checkpoints. */
function fullPageImages(
  rows: number,
  tables: readonly ForecastTable[],
  writtenBytes: number,
  checkpointBytes: number,
): Interval {
  const pageBytes = 8_192;
  const checkpoints = 2 + Math.ceil(writtenBytes / checkpointBytes);
  const high = tables.map(({ facts, canBeHot }) => {
    const indexBytes = canBeHot ? 0 : facts.indexes.reduce((sum, index) => sum + index.bytes, 0);
    // Each row touches at most its old page, its new page, and one page of each index.
    const touched = rows * (2 + (canBeHot ? 0 : facts.indexes.length));
    return Math.min(touched, ((facts.bytes + indexBytes) / pageBytes + 20) * checkpoints) * pageBytes;
  });
  return { low: 0, high: high.reduce((sum, bytes) => sum + bytes, 0) };
}

function both(value: number): Interval {
  return { low: value, high: value };
}
