import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedRuns } from "../variables.ts";
import { graph, rangeQuery } from "./style.ts";

function level(): TimeseriesBuilder {
  return graph(
    {
      title: "Share of its pace",
      description:
        "100 % is all that workers and batch time allow; 0 % is held. It drops when a signal slows the run down, and recovers by a tenth a second. Low for hours: the utilization beside it shows which signal it is.",
    },
    "percentunit",
    8,
  ).withTarget(
    rangeQuery(`min by (job_name, target) (tidefill_pace_level{${pickedRuns}})`, "{{job_name}} {{target}}"),
  );
}

function utilization(): TimeseriesBuilder {
  return graph(
    {
      title: "Utilization, by reason",
      description:
        "The signal that holds the run back, and how near it is to its limit: above half the run slows down, at 100 % it waits. Empty: no signal holds the run back. docs/signals.md says what each reason means and what to do.",
    },
    "percentunit",
    8,
  ).withTarget(rangeQuery(`max by (reason) (tidefill_throttled{${pickedRuns}}) > 0`, "{{reason}}"));
}

function share(): TimeseriesBuilder {
  return graph(
    {
      title: "Time held back, by reason",
      description:
        "The part of the time in which each signal slowed the run down or held it. Much of one reason: it makes the run late, and tuning anything else does not help.",
    },
    "percentunit",
    8,
  ).withTarget(
    rangeQuery(
      `max by (reason) (rate(tidefill_throttled_seconds_total{${pickedRuns}}[$__rate_interval])) > 0`,
      "{{reason}}",
    ),
  );
}

/** Is the run held back, by what, and for how long? */
export function throttlePanels(): readonly TimeseriesBuilder[] {
  return [level(), utilization(), share()];
}
