import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { runStateAnnotations } from "./annotations.ts";
import { assemble, type PanelRow } from "./assemble.ts";
import { batchTimePanels } from "./panels/batch-time.ts";
import { callPanels } from "./panels/calls.ts";
import { databasePanels } from "./panels/database.ts";
import { lagPanels } from "./panels/lag.ts";
import { nowPanels } from "./panels/now.ts";
import { pacePanels } from "./panels/pace.ts";
import { progressPanels } from "./panels/progress.ts";
import { throttlePanels } from "./panels/throttle.ts";
import { troublePanels } from "./panels/trouble.ts";
import { datasourceVariable, jobVariable, targetVariable } from "./variables.ts";

const rows: readonly PanelRow[] = [
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

/** The dashboard of runs. */
export function buildDashboard(): Dashboard {
  return assemble({
    uid: "tidefill",
    title: "tidefill",
    description: "Runs of tidefill: how far, how fast, what slows them down and what they cost the database.",
    variables: [datasourceVariable, jobVariable, targetVariable],
    annotations: runStateAnnotations,
    rows,
  });
}
