import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBinary, Prometheus } from "../support/prometheus.ts";
import { panelsShow, untoldBefore18 } from "./panels-show.ts";
import { pickable } from "./pickable.ts";
import { type DashboardJson, dashboardQueries, filledIn, type Query, selectors } from "./queries.ts";
import { ScrapedFleet } from "./scraped-fleet.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(`grafana/dashboards/${name}.json`, "utf8")) as DashboardJson;
const dashboards = { fleet: read("fleet"), runs: read("tidefill") };
const queries = [...dashboardQueries(dashboards.fleet), ...dashboardQueries(dashboards.runs)];
const ruleFiles = ["grafana/alerts/tidefill.rules.yml", "grafana/alerts/fleet.rules.yml"];

/** What the scraped fleet lacks, and why. */
const mayBeEmpty: Readonly<Record<string, string>> = {
  "panel Replication lag, bytes": "the test server has no replica",
  "panel Replication lag, time": "the test server has no replica",
  "annotation Failed": "the target that fails is refused before a run begins",
  "annotation Stopped": "no run is stopped",
  ...untoldBefore18(),
};

const installed = findBinary("prometheus") !== undefined && findBinary("promtool") !== undefined;
const why =
  "skipped: prometheus binary not found (install prometheus, or set TIDEFILL_PROMETHEUS to its folder)";
if (!installed) console.warn(`test/grafana/fleet.test.ts ${why}`);

describe.skipIf(!installed)(installed ? "a fleet under a real Prometheus" : why, () => {
  let fleet: ScrapedFleet;
  let prometheus: Prometheus;
  let start: number;
  let atWork: number;
  let end: number;

  beforeAll(async () => {
    start = Date.now() / 1000;
    fleet = await ScrapedFleet.start();
    prometheus = await Prometheus.start({ targets: fleet.addresses, ruleFiles });
    await fleet.work(async () => {
      const seen = [
        'count(tidefill_queue_items{state="dead"} == 1) == 2',
        "count(tidefill_fleet_waves_stopped == 1) == 2",
        "sum(max by (host) (tidefill_fleet_workers)) == 2",
        'count(tidefill_run_progress_ratio{target="eu-2"} > 0.5)',
        'sum(rate(tidefill_rows_total{target="eu-2",outcome="read"}[5s]))',
        'ALERTS{alertname="TidefillDeadItems"}',
        'ALERTS{alertname="TidefillWavesStopped"}',
      ];
      for (const expr of seen)
        await prometheus.until(expr, async () => (await prometheus.query(expr)).length > 0, 60_000);
      const mustShow = queries.filter(({ where }) => !mayBeEmpty[where]);
      atWork = await panelsShow(prometheus, mustShow, start);
    });
    await prometheus.until(
      "the run on eu-2 has succeeded",
      async () =>
        (await prometheus.query('tidefill_run_state{target="eu-2",state="succeeded"} == 1')).length > 0,
    );
    end = Date.now() / 1000;
  });

  afterAll(async () => {
    await prometheus?.stop();
    await fleet?.stop();
  });

  const run = ({ kind, expr }: Query) =>
    kind === "number"
      ? prometheus.query(filledIn(expr), atWork)
      : prometheus.queryRange(filledIn(expr), start, end + 1);

  test.each(queries)("$where shows something: $expr", async (query) => {
    const series = await run(query);
    if (mayBeEmpty[query.where]) return;
    const numbers = series.flatMap(({ values }) => values).filter(([, value]) => value !== "NaN");
    expect(numbers.length, filledIn(query.expr)).toBeGreaterThan(0);
  });

  test("every selector of the fleet's dashboard matches a series", async () => {
    const all = new Set(dashboardQueries(dashboards.fleet).flatMap(({ expr }) => selectors(filledIn(expr))));
    const missing: string[] = [];
    for (const selector of all)
      if ((await prometheus.query(`last_over_time(${selector}[5m])`, end)).length === 0)
        missing.push(selector);
    expect(missing).toEqual([]);
  });

  test("the pickers find the fleet, its jobs and its targets", async () => {
    const found = await pickable(dashboards.fleet, prometheus);
    expect(found).toEqual({ fleet: ["tidefill"], job_name: ["fill"], target: ["eu-1", "eu-2"] });
  });

  test("two workers that show the same queue do not double it, and each alert is one", async () => {
    const value = async (title: string) => {
      const query = dashboardQueries(dashboards.fleet).find(({ where }) => where === `panel ${title}`);
      return (await run(query!)).map(({ values }) => Number(values[0]?.[1]));
    };
    expect(await value("Dead letters")).toEqual([1]);
    expect(await value("Jobs whose waves stopped")).toEqual([1]);
    expect(await value("Workers")).toEqual([2]);
    expect(await value("Free slots")).toEqual([1]);
    expect(await value("Targets held back")).toEqual([1]);
    const alerts = await prometheus.query("count by (alertname) (ALERTS)", atWork);
    expect(alerts.map(({ metric, values }) => `${metric.alertname} ${values[0]?.[1]}`).sort()).toEqual([
      "TidefillDeadItems 1",
      "TidefillWavesStopped 1",
    ]);
  });

  test("the table of targets puts the run at work above the one that has succeeded", async () => {
    const [state] = dashboardQueries(dashboards.fleet).filter(({ where }) => where.includes("worst first"));
    const rows = await run(state!);
    expect(
      Object.fromEntries(rows.map(({ metric, values }) => [metric.target, Number(values[0]?.[1])])),
    ).toEqual({ "eu-1": 0, "eu-2": 3 });
  });

  test("the first dashboard shows the runs of each target apart", async () => {
    const progress = dashboardQueries(dashboards.runs).find(({ where }) => where === "panel Progress");
    const targets = (await run(progress!)).map(({ metric }) => metric.target);
    expect(targets.sort()).toEqual(["eu-1", "eu-2"]);
  });

  test("every rule is evaluated without an error", async () => {
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(rules.map(({ name }) => name)).toContain("TidefillWorkerAbsent");
  });
});
