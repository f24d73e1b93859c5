import { sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { OpenedJob } from "../open/opened-job.ts";
import { readWriteImpact } from "../open/write-impact.ts";
import { type Forecast, forecast, type Measured } from "./forecast.ts";
import type { ForecastTable } from "./forecast-table.ts";
import { changedColumns, readTableStatistics } from "./table-statistics.ts";

/** Forecasts a run over about `toDo` rows from what the catalogue says; reads no row. */
export async function readForecast(
  tx: Transaction,
  opened: OpenedJob,
  toDo: number,
  measured: Measured | null,
): Promise<Forecast> {
  const tables: ForecastTable[] = [];
  for (const { relation, verb, columns } of opened.writes) {
    const facts = await readTableStatistics(tx, relation);
    const changed = changedColumns(facts, columns);
    const { canBeHot } = await readWriteImpact(tx, relation, changed, verb);
    tables.push({ facts, verb, changed, canBeHot });
  }
  const { rows } = await tx.query(sql`
    select pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size')) as bytes`);
  const surroundings = { hasUndoLog: opened.job.undoable, checkpointBytes: Number(rows[0]?.bytes ?? 0) };
  return forecast(toDo, tables, surroundings, measured);
}
