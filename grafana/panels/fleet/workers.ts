import type { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedFleet } from "../../variables.ts";
import { coloured, graph, rangeQuery, stacked } from "../style.ts";
import { ofQueue } from "./selectors.ts";
import { table } from "./table.ts";

function slots(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Slots",
      description:
        "Items that the workers could do at once, over all workers. All busy while items wait: start more workers. Mostly free while items wait: a group is full, or no worker serves the targets. A fall of the sum: a worker has ended or cannot be scraped.",
    },
    "short",
    12,
  )
    .decimals(0)
    .noValue("no worker")
    .withTarget(rangeQuery(`sum by (state) (tidefill_fleet_slots{${pickedFleet}})`, "{{state}}"));
  return coloured(stacked(panel), { busy: "green", free: "#8e8e8e" });
}

function machines(): TableBuilder {
  return table(
    {
      title: "Workers by machine",
      description:
        "Workers that the queue has heard from lately, and the most within the time range shown. Fewer now than then: workers of that machine were ended, or it cannot reach the queue; look at its log. Their items are taken over by other workers.",
    },
    { host: "Machine" },
    [
      {
        name: "Most",
        expr: `max by (host) (max_over_time(tidefill_fleet_workers{${pickedFleet}}[$__range]))`,
      },
      { name: "Now", expr: ofQueue("tidefill_fleet_workers", ["host"]) },
    ],
  ).noValue("0");
}

/** Who works, and is there room for more? */
export function workerPanels(): readonly (TimeseriesBuilder | TableBuilder)[] {
  return [slots(), machines()];
}
