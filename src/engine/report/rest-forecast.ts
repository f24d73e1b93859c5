import type { Forecast } from "../../plan/forecast/forecast.ts";
import type { WriteImpact } from "../../plan/open/write-impact.ts";

/** What the rest of an unfinished run costs. */
export interface RestForecast extends Pick<Forecast, "walBytes" | "growthBytes" | "deadBytes" | "advice"> {
  /** null where the job updates nothing */
  readonly hot: Pick<WriteImpact, "canBeHot" | "fillFactor" | "indexes"> | null;
}
