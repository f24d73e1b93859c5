import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { itemColours, queueColours } from "../../colours.ts";
import { pickedFleet } from "../../variables.ts";
import { coloured, graph, rangeQuery, stacked } from "../style.ts";
import { ofQueue } from "./selectors.ts";

function depth(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Items of the queue",
      description:
        "What is in the queue. Waiting falls while the workers keep up. Waiting level or rising: start more workers. Deferred for long: items wait for their hour, for another attempt, or for a worker with their files. Dead: an operator must look, see `tidefill queue`.",
    },
    "short",
    8,
  )
    .decimals(0)
    .noValue("no worker")
    .withTarget(rangeQuery(ofQueue("tidefill_queue_items", ["state"]), "{{state}}"));
  return coloured(stacked(panel), queueColours);
}

function oldest(): TimeseriesBuilder {
  return graph(
    {
      title: "Oldest item",
      description:
        "For how long an item has waited that could have begun. Saw teeth are healthy. A ramp: no worker takes it. Start more workers, or see whether any serves its target and whether its group is full. The alert fires above 15 minutes.",
    },
    "s",
    8,
  )
    .noValue("no worker")
    .withTarget(rangeQuery(ofQueue("tidefill_queue_oldest_seconds"), "oldest item"));
}

function ended(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Items ended, by outcome",
      description:
        "Items a second, over all workers. Failed: the queue tries them again with growing pauses. Refused for long: the workers have other files or targets than the items ask for; deploy the same files everywhere. Lost: a worker was cut off, and another took its item over.",
    },
    "ops",
    8,
  )
    .noValue("no worker")
    .withTarget(
      rangeQuery(
        `sum by (outcome) (rate(tidefill_fleet_items_total{${pickedFleet}}[$__rate_interval]))`,
        "{{outcome}}",
      ),
    );
  return coloured(panel, itemColours);
}

/** What waits, for how long, and what becomes of it? */
export function queuePanels(): readonly TimeseriesBuilder[] {
  return [depth(), oldest(), ended()];
}
