/** @module-tag quick */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildDashboard } from "../../grafana/dashboard.ts";
import { metricNames } from "../../src/observe/metric-names.ts";
import { type DashboardJson, dashboardQueries, metricsIn } from "./queries.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const committed = read("grafana/dashboards/tidefill.json");
const rules = read("grafana/alerts/tidefill.rules.yml");
const dashboard = JSON.parse(committed) as DashboardJson;
const panels = dashboard.panels.filter(({ type }) => type !== "row");
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana that replaces this placeholder.
const pickedDatasource = "${datasource}";

const notWatched: Readonly<Record<string, string>> = {
  tidefill_last_success_timestamp_seconds:
    "for a user's own alert on a job that a timer starts; how old is too old, only its owner knows",
  tidefill_last_checkpoint_timestamp_seconds:
    "tidefill_checkpoint_age_seconds for those who use a Pushgateway, where an age would stand still",
  tidefill_build_info: "joined by hand, to see which version a process runs",
};

describe("the dashboard", () => {
  test("in the repository is what grafana/build.ts makes", () => {
    expect(committed).toBe(`${JSON.stringify(buildDashboard(), null, 2)}\n`);
  });

  test("gives each panel its own id", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true);
  });

  test("fills the 24 columns of its grid, with no overlap and no gap", () => {
    const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
    const cells = Array<number>(24 * height).fill(0);
    for (const { gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) cells[y * 24 + x]! += 1;
      }
    }
    expect(cells.every((panelsHere) => panelsHere === 1)).toBe(true);
  });

  test.each(panels.map((panel) => [panel.title, panel] as const))(
    "describes %s and gives it a unit",
    (_, panel) => {
      expect(panel.description?.length).toBeGreaterThan(60);
      expect(panel.fieldConfig?.defaults.unit ?? panel.options?.yAxis?.unit).toBeTruthy();
    },
  );

  test("asks the selected Prometheus in every panel, query, annotation and variable", () => {
    const targets = panels.flatMap((panel) => panel.targets ?? []);
    expect(panels.every((panel) => (panel.targets ?? []).length > 0)).toBe(true);
    expect(targets.every(({ expr }) => Boolean(expr))).toBe(true);
    const variables = dashboard.templating.list.filter(({ type }) => type === "query");
    for (const asker of [...panels, ...targets, ...dashboard.annotations.list, ...variables]) {
      expect(asker.datasource?.uid).toBe(pickedDatasource);
    }
  });

  test("lets the reader select the Prometheus and the jobs", () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "job_name"]);
  });
});

describe("the metrics", () => {
  const known = metricNames.map(({ name }) => name as string);
  const used = metricsIn([...dashboardQueries(dashboard).map(({ expr }) => expr), rules].join("\n"));

  test("that the dashboard and the rules use all exist", () => {
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("are all used by the dashboard or a rule, except those with a stated reason", () => {
    expect(known.filter((name) => !used.includes(name)).sort()).toEqual(Object.keys(notWatched).sort());
  });

  test("have unique names, and no label that Prometheus overwrites", () => {
    expect(new Set(known).size).toBe(known.length);
    const labels = metricNames.flatMap((metric) => metric.labels as readonly string[]);
    expect(labels.filter((label) => ["job", "instance", "le", "quantile"].includes(label))).toEqual([]);
  });
});

describe("the alert rules", () => {
  const alerts = rules
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((text) => [text.split("\n")[0]!, text] as const);

  test.each(alerts)("%s says how bad it is, what happened, what to do and where to read on", (_, text) => {
    expect(text).toMatch(/^ {10}severity: (critical|warning)$/m);
    expect(text).toMatch(/^ {10}summary: /m);
    expect(text).toMatch(/^ {10}description: /m);
    expect(text).toMatch(/^ {10}runbook: docs\/alerts\.md#[a-z-]+$/m);
  });

  test.skipIf(!existsSync("docs/alerts.md"))("lead to headings that docs/alerts.md has", () => {
    const headings = (read("docs/alerts.md").match(/^#+ .*$/gm) ?? []).map(anchor);
    const wanted = [...rules.matchAll(/alerts\.md#([a-z-]+)/g)].map((match) => match[1]!);
    expect(wanted.filter((each) => !headings.includes(each))).toEqual([]);
  });
});

function anchor(heading: string): string {
  const words = heading.replace(/^#+ /, "").toLowerCase();
  return words.replace(/[^a-z0-9 -]/g, "").replaceAll(" ", "-");
}
