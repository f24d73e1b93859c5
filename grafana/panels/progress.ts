import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { outcomeColours, timeColour } from "../colours.ts";
import { pickedRuns } from "../variables.ts";
import { coloured, fixedColour, graph, onTheRight, rangeQuery } from "./style.ts";

function throughput(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Rows by outcome",
      description:
        "“read” is the sum of the other outcomes. Sinking slowly: the table's later part is slower to read or write. Saw teeth: batches are rolled back, see Retries. “unchanged” near “read”: most rows already hold what the job would write.",
    },
    "rowsps",
    12,
  ).withTarget(
    rangeQuery(
      `sum by (outcome) (rate(tidefill_rows_total{${pickedRuns}}[$__rate_interval]))`,
      "{{outcome}}",
    ),
  );
  return coloured(panel, outcomeColours);
}

function remaining(): TimeseriesBuilder {
  return graph(
    {
      title: "Rows and time left",
      description:
        "Both fall in straight lines on a healthy run. Rows level while time climbs: the run makes no progress. Rows rising: the table grows faster than the run works. Soonest and latest use the faster and the slower of the present speed and that of the whole run, and include the hours in which its window is closed.",
    },
    "short",
    12,
  )
    .withTarget(
      rangeQuery(
        `min by (job_name, target) (tidefill_rows_remaining{${pickedRuns}})`,
        "{{job_name}} {{target}} rows",
      ),
    )
    .withTarget(
      rangeQuery(
        `max by (job_name, target) (tidefill_eta_soonest_seconds{${pickedRuns}})`,
        "{{job_name}} {{target}} soonest time",
      ),
    )
    .withTarget(
      rangeQuery(
        `max by (job_name, target) (tidefill_eta_latest_seconds{${pickedRuns}})`,
        "{{job_name}} {{target}} latest time",
      ),
    )
    .overrideByRegexp("/ time$/", [...onTheRight("s"), fixedColour(timeColour)]);
}

/** How fast is it, and when will it be done? */
export function progressPanels(): readonly TimeseriesBuilder[] {
  return [throughput(), remaining()];
}
