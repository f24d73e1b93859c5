import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { assemble, type PanelRow } from "./assemble.ts";
import { fleetNowPanels } from "./panels/fleet/now.ts";
import { queuePanels } from "./panels/fleet/queue.ts";
import { targetPanels } from "./panels/fleet/targets.ts";
import { wavePanels } from "./panels/fleet/waves.ts";
import { workerPanels } from "./panels/fleet/workers.ts";
import { datasourceVariable, fleetJobVariable, fleetTargetVariable, fleetVariable } from "./variables.ts";

const rows: readonly PanelRow[] = [
  ["Now", fleetNowPanels()],
  ["Queue", queuePanels()],
  ["Workers", workerPanels()],
  ["Waves", wavePanels()],
  ["Targets", targetPanels()],
];

/** The dashboard of a fleet: its queue, its workers, its waves, and its targets side by side. */
export function buildFleetDashboard(): Dashboard {
  return assemble({
    uid: "tidefill-fleet",
    title: "tidefill fleet",
    description: "A fleet of tidefill: what waits, who works, how far each target is.",
    variables: [datasourceVariable, fleetVariable, fleetJobVariable, fleetTargetVariable],
    annotations: [],
    rows,
  });
}
