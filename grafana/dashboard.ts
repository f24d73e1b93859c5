import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { runStateAnnotations } from "./annotations.ts";
import { batchTimePanels } from "./panels/batch-time.ts";
import { callPanels } from "./panels/calls.ts";
import { databasePanels } from "./panels/database.ts";
import { lagPanels } from "./panels/lag.ts";
import { nowPanels } from "./panels/now.ts";
import { pacePanels } from "./panels/pace.ts";
import { progressPanels } from "./panels/progress.ts";
import { throttlePanels } from "./panels/throttle.ts";
import { troublePanels } from "./panels/trouble.ts";
import { datasourceVariable, jobVariable } from "./variables.ts";

const rows: readonly (readonly [title: string, panels: readonly Builder<Panel>[]])[] = [
  ["Now", nowPanels()],
  ["Progress", progressPanels()],
  ["Lag", lagPanels()],
  ["Batch time by phase", batchTimePanels()],
  ["Pace", pacePanels()],
  ["Held back", throttlePanels()],
  ["Retries and rejects", troublePanels()],
  ["What it costs the database", databasePanels()],
  ["Calls of other systems", callPanels()],
];

/** The dashboard as Grafana imports it; equal at every call. */
export function buildDashboard(): Dashboard {
  const builder = new DashboardBuilder("tidefill")
    .uid("tidefill")
    .description("Runs of tidefill: how far, how fast, what slows them down and what they cost the database.")
    .tags(["tidefill", "postgresql"])
    .timezone("browser")
    .time({ from: "now-30m", to: "now" })
    .refresh("10s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([datasourceVariable, jobVariable])
    .annotations([...runStateAnnotations]);
  let id = 0;
  for (const [title, panels] of rows) {
    builder.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(numbered(panel, ++id));
  }
  return builder.build();
}

/** A fixed id for each panel and letters for its queries, so that links to a panel survive a rebuild. */
function numbered(panel: Builder<Panel>, id: number): Builder<Panel> {
  const built = panel.build();
  const targets = (built.targets ?? []).map((target, index) => ({
    ...target,
    refId: String.fromCharCode("A".charCodeAt(0) + index),
  }));
  return { build: () => ({ ...built, id, targets }) };
}
