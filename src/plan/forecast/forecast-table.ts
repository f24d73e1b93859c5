import type { WriteVerb } from "../open/opened-job.ts";
import type { TableFacts } from "./table-facts.ts";

/** A table that a job writes, as far as it decides what that costs. */
export interface ForecastTable {
  readonly facts: TableFacts;
  readonly verb: WriteVerb;
  /** columns whose values change; those that are generated from them as well */
  readonly changed: readonly string[];
  readonly canBeHot: boolean;
}
