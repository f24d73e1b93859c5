// Writes the files of dashboards/: npm run grafana
import { writeFileSync } from "node:fs";
import { buildDashboard } from "./dashboard.ts";
import { buildFleetDashboard } from "./fleet-dashboard.ts";

const dashboards = { tidefill: buildDashboard(), fleet: buildFleetDashboard() };
for (const [name, dashboard] of Object.entries(dashboards)) {
  const file = new URL(`./dashboards/${name}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(dashboard, null, 2)}\n`);
}
