import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { callColours } from "../colours.ts";
import { pickedRuns } from "../variables.ts";
import { coloured, graph, rangeQuery } from "./style.ts";

function calls(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Calls by outcome",
      description:
        "Calls per second, over all processes. Failed or timed out: each is tried again, then its rows are rejected; docs/alerts.md says what to do. Told to wait, again and again: the job asks more often than the other system allows; set calls-per-second.",
    },
    "ops",
    8,
  ).withTarget(
    rangeQuery(
      `sum by (outcome) (rate(tidefill_calls_total{${pickedRuns}}[$__rate_interval]))`,
      "{{outcome}}",
    ),
  );
  return coloured(panel, callColours);
}

function duration(): TimeseriesBuilder {
  const buckets = `sum by (le) (rate(tidefill_call_duration_seconds_bucket{${pickedRuns}}[$__rate_interval]))`;
  const panel = graph(
    {
      title: "Time of a call",
      description:
        "How long a call takes, however it ends. Climbing with more calls under way: the other system is at its limit, and more calls at once bring no more answers. Flat at the job's timeout: the calls time out.",
    },
    "s",
    8,
  )
    .withTarget(rangeQuery(`histogram_quantile(0.5, ${buckets})`, "p50"))
    .withTarget(rangeQuery(`histogram_quantile(0.95, ${buckets})`, "p95"));
  return coloured(panel, { p50: "green", p95: "yellow" });
}

function underWay(): TimeseriesBuilder {
  return graph(
    {
      title: "Calls under way",
      description:
        "Calls that have begun and not ended, over all processes. At the job's atOnce all the time: the calls limit the run; allow more at once if the other system can take them. Far below it: another limit counts, such as calls a second, or the batches' own work.",
    },
    "short",
    8,
  )
    .decimals(0)
    .withTarget(
      rangeQuery(
        `sum by (job_name, target) (tidefill_calls_under_way{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

function paused(): TimeseriesBuilder {
  return graph(
    {
      title: "Time told to wait",
      description:
        "The part of the time in which a process began no call, because the other system had told it to wait. Much of it: the other system sets the pace. Fewer calls a second may be answered sooner.",
    },
    "percentunit",
    8,
  ).withTarget(
    rangeQuery(
      `max by (job_name, target) (rate(tidefill_calls_paused_seconds_total{${pickedRuns}}[$__rate_interval]))`,
      "{{job_name}} {{target}}",
    ),
  );
}

function keptAnswers(): TimeseriesBuilder {
  return graph(
    {
      title: "Kept answers",
      description:
        "Answers that wait for the batch that writes them. Saw teeth are healthy. Only climbing: calls are answered, but batches do not commit; see Retries. Empty: the run keeps no answers.",
    },
    "short",
    8,
  )
    .noValue("no answers are kept")
    .withTarget(
      rangeQuery(
        `max by (job_name, target) (tidefill_kept_answers{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

function cost(): TimeseriesBuilder {
  return graph(
    {
      title: "Cost of the calls",
      description:
        "What the calls have cost since the processes shown began to work, at the price that the job states for one call. Calls that are tried again cost again. Empty: the job states no price.",
    },
    "short",
    8,
  )
    .noValue("no price is stated")
    .withTarget(
      rangeQuery(
        `sum by (job_name, target, currency) (tidefill_call_cost_total{${pickedRuns}})`,
        "{{job_name}} {{target}} {{currency}}",
      ),
    );
}

/** Do other systems answer, how fast, and at what price? */
export function callPanels(): readonly TimeseriesBuilder[] {
  return [calls(), duration(), underWay(), paused(), keptAnswers(), cost()];
}
