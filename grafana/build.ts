// Writes dashboards/tidefill.json: node node_modules/jiti/lib/jiti-cli.mjs grafana/build.ts
import { writeFileSync } from "node:fs";
import { buildDashboard } from "./dashboard.ts";

const file = new URL("./dashboards/tidefill.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(buildDashboard(), null, 2)}\n`);
