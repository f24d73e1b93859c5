import type { WriteVerb } from "../open/opened-job.ts";
import type { TableStatistics } from "./table-statistics.ts";

/** A table that a job writes, as far as it decides what that costs. */
export interface ForecastTable {
  readonly facts: TableStatistics;
  readonly verb: WriteVerb;
  /** columns whose values change; those that are generated from them as well */
  readonly changed: readonly string[];
  readonly canBeHot: boolean;
}
