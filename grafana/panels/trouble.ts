import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { outcomeColours } from "../colours.ts";
import { pickedRuns } from "../variables.ts";
import { fixedColour, graph, rangeQuery, stacked } from "./style.ts";

function retries(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Retries by reason",
      description:
        "Every retry is safe, but many cost time. lock, deadlock, serialization: the application works on the same rows. timeout, resources: the database is overloaded. connection: network, failover or pooler. lease: a process was frozen or cut off and another took over its range.",
    },
    "ops",
    12,
  ).withTarget(
    rangeQuery(
      `sum by (reason) (rate(tidefill_retries_total{${pickedRuns}}[$__rate_interval]))`,
      "{{reason}}",
    ),
  );
  return stacked(panel);
}

function rejects(): TimeseriesBuilder {
  return graph(
    {
      title: "Rejects",
      description:
        "Rows rejected per second. Single spikes are odd rows. A steady level means a mistake in the transform, or a constraint that the job violates: pause, look at `tidefill rejects`, correct the job.",
    },
    "rowsps",
    12,
  )
    .withTarget(
      rangeQuery(
        `sum by (job_name, target) (rate(tidefill_rows_total{${pickedRuns},outcome="rejected"}[$__rate_interval]))`,
        "{{job_name}} {{target}}",
      ),
    )
    .overrideByRegexp("/.*/", [fixedColour(outcomeColours.rejected)]);
}

/** What goes wrong, and why? */
export function troublePanels(): readonly TimeseriesBuilder[] {
  return [retries(), rejects()];
}
