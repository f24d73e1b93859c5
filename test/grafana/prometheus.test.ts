import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { findBinary, Prometheus, promtool, type Series } from "../support/prometheus.ts";
import { panelsShow, untoldBefore18 } from "./panels-show.ts";
import { pickable } from "./pickable.ts";
import {
  type DashboardJson,
  dashboardQueries,
  filledIn,
  type Query,
  ruleQueries,
  selectors,
} from "./queries.ts";
import { ScrapedRun } from "./scraped-run.ts";

const dashboard = JSON.parse(readFileSync("grafana/dashboards/tidefill.json", "utf8")) as DashboardJson;
const rulesFile = "grafana/alerts/tidefill.rules.yml";
const fleetRulesFile = "grafana/alerts/fleet.rules.yml";

/**
 * What the scraped run may lack, and why: "panel <title>", "annotation <name>", "rule <name>" for its
 * queries, a metric's name for its selectors.
 */
const mayBeEmpty: Readonly<Record<string, string>> = {
  tidefill_replication_lag_bytes: "the test server has no replica",
  tidefill_replication_lag_seconds: "the test server has no replica",
  "panel Replication lag, bytes": "the test server has no replica",
  "panel Replication lag, time": "the test server has no replica",
  "annotation Failed": "the run does not fail",
  ...untoldBefore18(),
};

const mustShow = dashboardQueries(dashboard).filter(({ where }) => !mayBeEmpty[where]);

const installed = findBinary("prometheus") !== undefined && findBinary("promtool") !== undefined;
const why =
  "skipped: prometheus binary not found (install prometheus, or set TIDEFILL_PROMETHEUS to its folder)";
if (!installed) console.warn(`test/grafana/prometheus.test.ts ${why}`);

describe.skipIf(!installed)(installed ? "with a real Prometheus" : why, () => {
  const database = useDatabase();
  let scraped: ScrapedRun;
  let exposition: string;
  let prometheus: Prometheus;
  let start: number;
  let lastRunning: number;
  let end: number;

  // One run of a job, interrupted once: two processes, one after the other, on the same port.
  beforeAll(async () => {
    start = Date.now() / 1000;
    scraped = await ScrapedRun.start(database);
    prometheus = await Prometheus.start({ targets: [scraped.target], ruleFiles: [rulesFile] });
    // The recording rule is evaluated every quarter of a minute and would miss a shorter run.
    const recorded = ruleQueries(await prometheus.rules()).filter(({ kind }) => kind !== "alerting");
    exposition = await scraped.interruptAndResume(async () => {
      for (const { expr, where } of recorded) {
        const hasSeries = async () => (await prometheus.query(filledIn(expr))).length > 0;
        await prometheus.until(`${where} has recorded something`, hasSeries);
      }
      await panelsShow(prometheus, mustShow, start);
    });
    const succeeded = 'max_over_time(tidefill_run_state{state="succeeded"}[5m]) == 1';
    await prometheus.until(
      "the run has succeeded",
      async () => (await prometheus.query(succeeded)).length > 0,
    );
    await prometheus.until("all rules are evaluated", async () =>
      (await prometheus.rules()).every(({ health }) => health !== "unknown"),
    );
    end = Date.now() / 1000;
    const seen = await prometheus.query(
      'max(max_over_time(timestamp(tidefill_run_state{state="running"} == 1)[5m:1s]))',
    );
    lastRunning = Number(seen[0]!.values[0]![1]);
  });

  afterAll(async () => {
    await prometheus?.stop();
    await scraped?.stop();
  });

  async function run({ kind, expr }: Query): Promise<readonly Series[]> {
    const query = filledIn(expr);
    const drawn = kind === "graph" || kind === "annotation";
    return drawn
      ? await prometheus.queryRange(query, start, end + 1) // a step more, since the last scrape may lie between two steps
      : await prometheus.query(query, kind === "number" ? lastRunning : end);
  }

  async function expectNumbers(query: Query): Promise<void> {
    const series = await run(query);
    if (mayBeEmpty[query.where]) return;
    const numbers = series.flatMap(({ values }) => values).filter(([, value]) => value !== "NaN");
    expect(numbers.length, `${query.where} shows nothing: ${filledIn(query.expr)}`).toBeGreaterThan(0);
  }

  test.each(dashboardQueries(dashboard))("$where shows something: $expr", expectNumbers);

  test("the pickers find the jobs, and no target where there is no fleet", async () => {
    expect(await pickable(dashboard, prometheus)).toEqual({ job_name: ["increment"], target: [] });
  });

  test("every rule is evaluated without an error, and recording rules record something", async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(0);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const query of ruleQueries(rules)) {
      // an alert is empty while all is well: tidefill.test.yml shows when it fires, the test below that it can
      if (query.kind === "alerting") await run(query);
      else await expectNumbers(query);
    }
  });

  test("every selector of every query matches a series", async () => {
    const queries = [...dashboardQueries(dashboard), ...ruleQueries(await prometheus.rules())];
    const all = new Set(queries.flatMap(({ expr }) => selectors(filledIn(expr))));
    const missing: string[] = [];
    for (const selector of all) {
      const name = selector.replace(/\{.*/, "");
      const series = await prometheus.query(`last_over_time(${selector}[5m])`, end);
      if (series.length === 0 && !mayBeEmpty[name]) missing.push(selector);
    }
    expect(missing).toEqual([]);
  });

  test("promtool finds no fault in the scrape page", () => {
    expect(promtool(["check", "metrics"], exposition)).toBe("");
  });
});

describe.skipIf(!installed)(installed ? "promtool" : why, () => {
  test("accepts the alert rules", () => {
    expect(promtool(["check", "rules", "--lint-fatal", rulesFile])).toContain("SUCCESS");
    expect(promtool(["check", "rules", "--lint-fatal", fleetRulesFile])).toContain("SUCCESS");
  });

  test("accepts the configuration, which loads the rules", () => {
    expect(promtool(["check", "config", "--lint-fatal", "grafana/prometheus.yml"])).toContain(
      "2 rule files found",
    );
  });

  test("fires each alert when it should, and only then", () => {
    expect(promtool(["test", "rules", "grafana/alerts/tidefill.test.yml"])).toContain("SUCCESS");
    expect(promtool(["test", "rules", "grafana/alerts/fleet.test.yml"])).toContain("SUCCESS");
  });
});
