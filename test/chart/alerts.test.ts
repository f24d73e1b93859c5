import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Page } from "../documents/markdown.ts";
import { findBinary, promtool } from "../support/prometheus.ts";
import { goldenManifests } from "./manifests.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const groupsOf = (set: string) =>
  goldenManifests(set).find(({ kind }) => kind === "PrometheusRule")?.spec.groups;
const rulesOf = (set: string): readonly Rule[] =>
  groupsOf(set).flatMap(({ rules }: { rules: readonly Rule[] }) => rules);

test("there are four alerts, each with a section that says what to do", () => {
  const rules = rulesOf("monitoring");
  expect(rules.map(({ alert }) => alert)).toEqual([
    "TidefillWorkerAbsent",
    "TidefillDeadItems",
    "TidefillQueueOld",
    "TidefillWavesStopped",
  ]);
  for (const { annotations } of rules) {
    const [path = "", anchor = ""] = annotations.runbook?.split("#") ?? [];
    expect(path).toBe("docs/kubernetes.md");
    expect(new Page(path).anchors).toContain(anchor);
  }
});

test("the alerts look at what the release's own pod monitor scrapes", () => {
  const monitor = goldenManifests("monitoring").find(({ kind }) => kind === "PodMonitor");
  for (const { expr } of rulesOf("monitoring"))
    expect(expr).toContain(`job="backfills/${monitor?.metadata.name}"`);
});

test("having no worker is no alert where KEDA may take the last one away", () => {
  const names = (set: string) => rulesOf(set).map(({ alert }) => alert);
  expect(names("keda-from-zero")).not.toContain("TidefillWorkerAbsent");
  expect(names("keda-from-one")).toContain("TidefillWorkerAbsent");
});

const installed = findBinary("promtool") !== undefined;
const why = "skipped: promtool not found (install prometheus, or set TIDEFILL_PROMETHEUS to its folder)";
if (!installed) console.warn(`test/chart/alerts.test.ts ${why}`);

describe.skipIf(!installed)(installed ? "with promtool" : why, () => {
  const job = 'job="backfills/demo-tidefill"';
  const fires = (alertname: string, at: string, ...labels: readonly (readonly [string, string])[]) => ({
    eval_time: at,
    alertname,
    exp_alerts: labels.map(([severity, summary]) => ({
      exp_labels: { severity },
      exp_annotations: {
        ...rulesOf("monitoring").find((each) => each.alert === alertname)?.annotations,
        summary,
      },
    })),
  });
  const here = "of demo in backfills";

  test("each alert fires when it should, and only then", () => {
    const folder = mkdtempSync(join(tmpdir(), "tidefill-chart-alerts-"));
    try {
      writeFileSync(join(folder, "rules.json"), JSON.stringify({ groups: groupsOf("monitoring") }));
      const input_series = [
        // Two workers show the same queue. Both are gone after twenty minutes.
        ...["a", "b"].flatMap((pod) => [
          { series: `up{${job},pod="${pod}"}`, values: "1x20 _x30" },
          { series: `tidefill_queue_items{${job},pod="${pod}",state="dead"}`, values: "0x5 2x15 _x30" },
          { series: `tidefill_queue_oldest_seconds{${job},pod="${pod}"}`, values: "0+60x20 _x30" },
        ]),
        // Another release has dead items, which are its own affair.
        { series: 'tidefill_queue_items{job="else/where",pod="c",state="dead"}', values: "9x50" },
      ];
      const alert_rule_test = [
        fires("TidefillWorkerAbsent", "20m"),
        fires("TidefillWorkerAbsent", "40m", ["critical", `No worker ${here} answers.`]),
        fires("TidefillDeadItems", "5m"),
        fires("TidefillDeadItems", "10m", ["warning", `2 items ${here} are dead.`]),
        fires("TidefillDeadItems", "40m"),
        fires("TidefillQueueOld", "2m"),
        fires("TidefillQueueOld", "8m", ["warning", `The oldest item ${here} has waited for 8m 0s.`]),
      ];
      const tests = {
        rule_files: ["rules.json"],
        evaluation_interval: "1m",
        tests: [{ interval: "1m", input_series, alert_rule_test }],
      };
      writeFileSync(join(folder, "tests.json"), JSON.stringify(tests));
      expect(promtool(["test", "rules", join(folder, "tests.json")])).toContain("SUCCESS");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
