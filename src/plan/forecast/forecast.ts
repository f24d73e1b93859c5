import type { WriteVerb } from "../open/opened-job.ts";
import { type Advice, adviceFor } from "./advice.ts";
import { freshBytes, rowBytes } from "./column-facts.ts";
import type { ForecastTable } from "./forecast-table.ts";
import type { IndexFacts } from "./index-facts.ts";
import { type Interval, nothing, plus, rounded, times } from "./interval.ts";
import type { TableStatistics } from "./table-statistics.ts";

/** What batches of the job have shown before. */
export interface Measured {
  /** the newest run that was measured */
  readonly run: number;
  /** rows a second of the last runs, pauses included */
  readonly speeds: readonly number[];
  /** bytes of WAL for each row read, the undo log's included; null where the run was too short or the server does not tell */
  readonly walBytesPerRow: number | null;
}

/** What a run will cost. Intervals, since nobody knows better: the truth is meant to lie between their ends. */
export interface Forecast {
  /** null as long as no batch of the job was ever measured */
  readonly seconds: Interval | null;
  /** the run whose batches tell the time and the WAL; null where the catalogue alone does */
  readonly measuredByRun: number | null;
  /** write-ahead log, the undo log's and full-page images included */
  readonly walBytes: Interval;
  /** how much the tables and their indexes grow, if vacuum never comes by */
  readonly growthBytes: Interval;
  /** dead row versions that are left for vacuum */
  readonly deadBytes: Interval;
  /** null where none is kept */
  readonly undoLogBytes: Interval | null;
  /** what would make it cheaper */
  readonly advice: readonly Advice[];
}

/** How far a figure that was measured on other rows may be off. */
const slowerOrFaster: Interval = { low: 0.75, high: 1.35 };

/** Foretells what a run over about `rows` rows costs, by earlier runs of the job where there are any. Pure. */
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

/** A WAL record without its row: its header, which block it is about, and the place in the block. */
const recordBytes: Interval = { low: 40, high: 90 };
/** A row version's place in its page. */
const lineBytes = 4;
/** Pages of an index that was filled at random are about half to fully used. */
const indexRoom: Interval = { low: 0.9, high: 2.5 };
/** What a row of an undo log has besides keys and values: its header, kind and sweep. */
const imageBytes: Interval = { low: 32, high: 48 };

function costOf({ facts, verb, changed, canBeHot }: ForecastTable, hasUndoLog: boolean): Cost {
  const isUpdate = verb === "update";
  const after = isUpdate || facts.bytes === 0 ? laidOut(facts, changed) : facts.rowBytes;
  const entries = verb === "delete" || (isUpdate && canBeHot) ? nothing : entriesOf(facts.indexes);
  const undo = hasUndoLog ? imageOf(facts, verb, changed) : nothing;
  const undoWal = hasUndoLog ? plus(recordBytes, undo) : nothing;
  const perPage = 100 / facts.fillFactor;
  const newVersion = times(plus(after, both(lineBytes)), { low: 1, high: 1.15 * perPage });
  // Updates that stay in a page with room make the table no longer.
  const grown =
    isUpdate && canBeHot && facts.fillFactor < 100 ? { low: 0, high: newVersion.high } : newVersion;
  // An update that stays in its page logs what has changed only.
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

/** Bytes of a row once its changed columns hold what a run writes. */
function laidOut(facts: TableStatistics, changed: readonly string[]): Interval {
  const isNew = facts.bytes === 0;
  const after = rowBytes(
    facts.columns.map((column) => ({
      alignment: column.alignment,
      bytes: isNew || changed.includes(column.name) ? freshBytes(column) : column.present,
    })),
  );
  // What statistics say of an average row may be off by a page's rounding.
  return times(after, { low: 0.9, high: 1.1 });
}

/** Bytes that the indexes keep of one row more. */
function entriesOf(indexes: readonly IndexFacts[]): Interval {
  const bytes = indexes.reduce((sum, index) => sum + index.entryBytes + lineBytes, 0);
  return times(bytes, indexRoom);
}

function logOf(entries: Interval, indexes: number): Interval {
  if (entries.high === 0) return nothing;
  // A partial index may hold none of the rows; a page that is split is written twice.
  return plus({ low: 0, high: entries.high * 2 }, times(recordBytes, { low: 0, high: indexes }));
}

/** An image holds the key and what was there: before and after of an update, whole rows of a delete, keys of an insert. */
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

/** The first change to a page after a checkpoint logs the whole page; how many checkpoints there will be, WAL tells. */
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
    // Each row touches the page it was in, the one it goes to and one of each index at most.
    const touched = rows * (2 + (canBeHot ? 0 : facts.indexes.length));
    return Math.min(touched, ((facts.bytes + indexBytes) / pageBytes + 20) * checkpoints) * pageBytes;
  });
  return { low: 0, high: high.reduce((sum, bytes) => sum + bytes, 0) };
}

function both(value: number): Interval {
  return { low: value, high: value };
}
