import type { WriteVerb } from "../open/opened-job.ts";
import type { TableStatistics } from "./table-statistics.ts";

/** A table that a job writes, with all that decides what the writes cost. */
export interface ForecastTable {
  readonly facts: TableStatistics;
  readonly verb: WriteVerb;
  /** columns whose values change, including those generated from them */
  readonly changed: readonly string[];
  readonly canBeHot: boolean;
}
