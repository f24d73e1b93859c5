import type { Prometheus } from "../support/prometheus.ts";
import { type DashboardJson, filledIn } from "./queries.ts";

/** What each picker of a dashboard offers: the values that Grafana would get for its query. */
export async function pickable(
  dashboard: DashboardJson,
  prometheus: Prometheus,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, readonly string[]> = {};
  for (const { name, type, definition } of dashboard.templating.list) {
    if (type !== "query") continue;
    const [, match, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? "") ?? [];
    found[name] = await prometheus.labelValues(filledIn(match!), label!);
  }
  return found;
}
