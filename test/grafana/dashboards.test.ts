/** @module-tag quick */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildDashboard } from "../../grafana/dashboard.ts";
import { buildFleetDashboard } from "../../grafana/fleet-dashboard.ts";
import { fleetMetricNames } from "../../src/observe/fleet-metric-names.ts";
import { metricNames } from "../../src/observe/metric-names.ts";
import { type DashboardJson, dashboardQueries, groupedBy, metricsIn, partsOf, selectors } from "./queries.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const rules = {
  runs: read("grafana/alerts/tidefill.rules.yml"),
  fleet: read("grafana/alerts/fleet.rules.yml"),
};
const dashboards = {
  runs: JSON.parse(read("grafana/dashboards/tidefill.json")) as DashboardJson,
  fleet: JSON.parse(read("grafana/dashboards/fleet.json")) as DashboardJson,
};
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana that replaces this placeholder.
const pickedDatasource = "${datasource}";

const notWatched: Readonly<Record<string, string>> = {
  tidefill_last_success_timestamp_seconds:
    "for a user's own alert on a job that a timer starts; how old is too old, only its owner knows",
  tidefill_last_checkpoint_timestamp_seconds:
    "tidefill_checkpoint_age_seconds for those who use a Pushgateway, where an age would stand still",
  tidefill_build_info: "joined by hand, to see which version a process runs",
};

describe.each([
  ["tidefill.json", buildDashboard, ["datasource", "job_name", "target"]],
  ["fleet.json", buildFleetDashboard, ["datasource", "fleet", "job_name", "target"]],
] as const)("the dashboard %s", (file, build, pickers) => {
  const committed = read(`grafana/dashboards/${file}`);
  const dashboard = JSON.parse(committed) as DashboardJson;
  const panels = dashboard.panels.filter(({ type }) => type !== "row");

  test("is what grafana/build.ts makes", () => {
    expect(committed).toBe(`${JSON.stringify(build(), null, 2)}\n`);
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

  test(`lets the reader select ${pickers.join(", ")}`, () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(pickers);
  });
});

describe("the metrics", () => {
  const known = [...metricNames, ...fleetMetricNames];
  const names: readonly string[] = known.map(({ name }) => name);
  const textOf = (which: keyof typeof dashboards) =>
    [...dashboardQueries(dashboards[which]).map(({ expr }) => expr), rules[which]].join("\n");
  const used = metricsIn(`${textOf("runs")}\n${textOf("fleet")}`);

  test("that the dashboards and the rules use all exist", () => {
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });

  test("are all used by a dashboard or a rule, except those with a stated reason", () => {
    expect(names.filter((name) => !used.includes(name)).sort()).toEqual(Object.keys(notWatched).sort());
  });

  test("of the fleet are all used by its own dashboard or rules, and nowhere else", () => {
    const ofFleet = fleetMetricNames.map(({ name }) => name as string);
    expect(ofFleet.filter((name) => !metricsIn(textOf("fleet")).includes(name))).toEqual([]);
    expect(metricsIn(textOf("runs")).filter((name) => ofFleet.includes(name))).toEqual([]);
  });

  test("have unique names, and no label that Prometheus overwrites", () => {
    expect(new Set(names).size).toBe(names.length);
    const labels = known.flatMap((metric) => metric.labels as readonly string[]);
    expect(labels.filter((label) => ["job", "instance", "le", "quantile"].includes(label))).toEqual([]);
  });

  const queries = Object.values(dashboards).flatMap(dashboardQueries);

  test.each(queries)("have the labels that $where asks for: $expr", ({ expr }) => {
    const grouped = groupedBy(expr);
    const possible = selectors(expr).flatMap((selector) => {
      const { metric, labels } = partsOf(selector);
      const its = labelsOf(metric);
      expect(labels.filter((label) => !its.includes(label))).toEqual([]);
      return its;
    });
    expect(grouped.filter((label) => !possible.includes(label))).toEqual([]);
  });

  test("that each worker reads from the queue are never added up over workers", () => {
    const ofWorker = ["tidefill_fleet_items_total", "tidefill_fleet_slots"];
    const ofQueue = fleetMetricNames
      .map(({ name }) => name as string)
      .filter((name) => !ofWorker.includes(name));
    const text = textOf("fleet").replaceAll("max_over_time(", "");
    for (const name of ofQueue) {
      const before = [...text.matchAll(new RegExp(`(.*)${name}\\b`, "g"))].map(([, words = ""]) => words);
      expect(before.length, name).toBeGreaterThan(0);
      expect(before.filter((words) => !/\bmax(?: by \([\w, ]+\) )?\($/.test(words))).toEqual([]);
    }
  });
});

/** The labels of a metric: its own, those of Prometheus, and the target that a fleet gives to metrics of runs. */
function labelsOf(series: string): readonly string[] {
  const [name = series] = metricsIn(series);
  const ofRuns = metricNames.find((metric) => metric.name === name);
  const own: readonly string[] =
    (ofRuns ?? fleetMetricNames.find((metric) => metric.name === name))?.labels ?? [];
  return [
    ...own,
    ...["job", "instance"],
    ...(ofRuns === undefined ? [] : ["target"]),
    ...(series.endsWith("_bucket") ? ["le"] : []),
  ];
}

describe("the alert rules", () => {
  const alerts = Object.values(rules)
    .flatMap((text) => text.split(/^ {6}- alert: /m).slice(1))
    .map((text) => [text.split("\n")[0]!, text] as const);

  test.each(alerts)("%s says how bad it is, what happened, what to do and where to read on", (_, text) => {
    expect(text).toMatch(/^ {10}severity: (critical|warning)$/m);
    expect(text).toMatch(/^ {10}summary: /m);
    expect(text).toMatch(/^ {10}description: /m);
    expect(text).toMatch(/^ {10}runbook: docs\/(alerts|metrics)\.md#[a-z-]+$/m);
  });

  test.each(["docs/alerts.md", "docs/metrics.md"].filter(existsSync))(
    "lead to headings that %s has",
    (page) => {
      const headings = (read(page).match(/^#+ .*$/gm) ?? []).map(anchor);
      const links = [
        ...Object.values(rules)
          .join("\n")
          .matchAll(/runbook: (\S+)#([a-z-]+)/g),
      ];
      const wanted = links.filter(([, to]) => to === page).map(([, , heading = ""]) => heading);
      expect(wanted.length).toBeGreaterThan(0);
      expect(wanted.filter((each) => !headings.includes(each))).toEqual([]);
    },
  );

  test("of the chart have the names that they have here, and are as bad", () => {
    const chart = read("deploy/chart/templates/prometheusrule.yaml");
    const severities = (text: string) =>
      [...text.matchAll(/- alert: (\w+)$.*?severity: (\w+)$/gms)].map(
        ([, name, severity]) => `${name} ${severity}`,
      );
    expect(severities(chart).length).toBeGreaterThan(2);
    expect(severities(rules.fleet)).toEqual(expect.arrayContaining(severities(chart)));
  });
});

function anchor(heading: string): string {
  const words = heading.replace(/^#+ /, "").toLowerCase();
  return words.replace(/[^a-z0-9 -]/g, "").replaceAll(" ", "-");
}
