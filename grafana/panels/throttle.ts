import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedJobs } from "../variables.ts";
import { graph, rangeQuery } from "./style.ts";

function level(): TimeseriesBuilder {
  return graph(
    {
      title: "Share of its pace",
      description:
        "100 % is all that workers and batch time allow; 0 % is held. A drop is the run giving way to something; it comes back a tenth a second. Low for hours: look at the utilization beside it for what is in the way.",
    },
    "percentunit",
    8,
  ).withTarget(rangeQuery(`min by (job_name) (tidefill_pace_level{${pickedJobs}})`, "{{job_name}}"));
}

function utilization(): TimeseriesBuilder {
  return graph(
    {
      title: "Utilization, by reason",
      description:
        "The signal that holds the run back, and how near its limit it is: above half the run slows down, at 100 % it waits. Nothing: nobody is in the way. What each reason means and what to do stands in docs/operating.md.",
    },
    "percentunit",
    8,
  ).withTarget(rangeQuery(`max by (reason) (tidefill_throttled{${pickedJobs}}) > 0`, "{{reason}}"));
}

function share(): TimeseriesBuilder {
  return graph(
    {
      title: "Time held back, by reason",
      description:
        "What part of the time each signal slowed the run down or held it. Much of one reason: the run will be late for that, and no other tuning helps.",
    },
    "percentunit",
    8,
  ).withTarget(
    rangeQuery(
      `max by (reason) (rate(tidefill_throttled_seconds_total{${pickedJobs}}[$__rate_interval])) > 0`,
      "{{reason}}",
    ),
  );
}

/** Is the run held back, by what, and for how long? */
export function throttlePanels(): readonly TimeseriesBuilder[] {
  return [level(), utilization(), share()];
}
