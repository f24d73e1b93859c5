import { PanelBuilder as BarGaugeBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import {
  BarGaugeDisplayMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { targetColours } from "../../colours.ts";
import { prometheus } from "../../variables.ts";
import { fixedColour, instantQuery } from "../style.ts";
import { ofQueue } from "./selectors.ts";
import { table } from "./table.ts";

function targets(): BarGaugeBuilder {
  const panel = new BarGaugeBuilder()
    .title("Targets by state")
    .description(
      "How many targets of each job wait for their wave, are in the queue, and have ended. Failed: the waves stop, and `tidefill queue` says why. Queued for long: no worker takes them, see Queue. Dropped: an operator has left them out; they are not done.",
    )
    .datasource(prometheus)
    .unit("short")
    .decimals(0)
    .min(0)
    .height(8)
    .span(12)
    .noValue("no waves")
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false))
    .withTarget(
      instantQuery(ofQueue("tidefill_fleet_targets", ["job_name", "state"]), "{{job_name}} {{state}}"),
    );
  for (const [state, colour] of Object.entries(targetColours))
    panel.overrideByRegexp(`/ ${state}$/`, [fixedColour(colour)]);
  return panel;
}

function waves(): TableBuilder {
  const words = { 0: { text: "no", index: 0 }, 1: { text: "stopped", color: "red", index: 1 } };
  return table(
    {
      title: "Waves",
      description:
        "The wave that each job is in, counted from 1. Stopped: a target has failed, and no further target begins. `tidefill queue` says why; retry or drop its dead letter, and the waves go on. The same wave for long, not stopped: its targets wait in the queue, or the soak time runs.",
    },
    { job_name: "Job" },
    [
      { name: "Wave", expr: ofQueue("tidefill_fleet_wave", ["job_name"]) },
      {
        name: "Stopped",
        expr: ofQueue("tidefill_fleet_waves_stopped", ["job_name"]),
        settings: [
          { id: "mappings", value: [{ type: MappingType.ValueToText, options: words }] },
          { id: "custom.cellOptions", value: { type: "color-text" } },
        ],
      },
    ],
  ).noValue("no waves");
}

/** How far are the jobs that go over their targets in waves? */
export function wavePanels(): readonly (BarGaugeBuilder | TableBuilder)[] {
  return [targets(), waves()];
}
