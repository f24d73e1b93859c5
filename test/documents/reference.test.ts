import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodes } from "../../src/engine/report/exit-code.ts";
import { columnTypeNames } from "../../src/job/columns/column-types.ts";
import { fleetMetricNames } from "../../src/observe/fleet-metric-names.ts";
import { metricNames } from "../../src/observe/metric-names.ts";
import { transitions } from "../../src/store/runs/run-status.ts";
import { signalNames } from "../../src/throttle/signal.ts";
import { codeSpans, Page, root, tableRows } from "./markdown.ts";

/** The pages for operators that name metrics. */
const operating = [
  ...["operating", "before-a-run", "after-a-run", "pace", "signals"],
  ...["commands", "settings", "refusals", "report", "alerts"],
].map((name) => `docs/${name}.md`);

test("docs/metrics.md lists every metric, with its type, labels and meaning", () => {
  const expected = metricNames.map((metric) => {
    const values: Readonly<Record<string, readonly string[]>> = "values" in metric ? metric.values : {};
    const labels = metric.labels.map((label) =>
      values[label] === undefined ? `\`${label}\`` : `\`${label}\`: ${values[label].join(", ")}`,
    );
    return [`\`${metric.name}\``, metric.type, labels.join("; "), metric.help];
  });
  const page = new Page("docs/metrics.md");
  const listed = tableRows(page.text.replace(page.section("## Fleet"), "")).filter(isMetric);
  expect(listed).toEqual(expected);
});

test("docs/metrics.md lists every metric of a fleet, with its type, labels and meaning", () => {
  const expected = fleetMetricNames.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join("; "),
    help,
  ]);
  const listed = tableRows(new Page("docs/metrics.md").section("## Fleet")).filter(isMetric);
  expect(listed).toEqual(expected);
});

function isMetric([name]: readonly string[]): boolean {
  return name?.startsWith("`tidefill_") ?? false;
}

test("no page names a metric that does not exist", () => {
  const text = ["docs/metrics.md", ...operating, "grafana/README.md"].map((path) => new Page(path).text);
  const named = text.flatMap((page) => page.match(/\btidefill_\w+/g) ?? []);
  const known = new Set<string>([...metricNames, ...fleetMetricNames].map(({ name }) => name));
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test("docs/tables.md lists every type of a column", () => {
  const rows = tableRows(new Page("docs/tables.md").section("## Types"));
  expect(rows.flatMap(([types]) => codeSpans(types ?? "")).sort()).toEqual([...columnTypeNames].sort());
});

test("docs/commands.md lists every exit code", () => {
  const listed = tableRows(new Page("docs/commands.md").section("## Exit codes")).flatMap(([codes = ""]) =>
    codes.split(", "),
  );
  expect(listed).toEqual([...Object.values(exitCodes), 129, 130, 143].map(String));
});

test("docs/signals.md says of every signal what it means and what to do", () => {
  const listed = tableRows(new Page("docs/signals.md").section("## Reasons")).flatMap(([names]) =>
    codeSpans(names ?? ""),
  );
  expect(listed).toEqual([...signalNames]);
});

test("docs/refusals.md lists every check that can refuse", () => {
  const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .join("\n");
  const raised = [...source.matchAll(/RefusedError\(\s*"([a-z-]+)"/g)].map(([, name = ""]) => name);
  const checks = /checkNames = \[(.*?)\]/s.exec(source)?.[1]?.match(/[a-z-]{2,}/g) ?? [];
  expect(checks.length).toBeGreaterThan(5);
  const listed = tableRows(new Page("docs/refusals.md").section("## Checks")).flatMap(([name]) =>
    codeSpans(name ?? ""),
  );
  expect([...listed].sort()).toEqual(
    [...new Set([...raised, ...checks])].filter((name) => name !== "unknown").sort(),
  );
});

test("docs/how-it-works.md draws the transitions of a run as they are", () => {
  const [diagram = ""] = new Page("docs/how-it-works.md").code("mermaid");
  const drawn = [...diagram.matchAll(/^ +(\w+|\[\*\]) --> (\w+|\[\*\])$/gm)].map(
    ([, from, to]) => `${from} ${to}`,
  );
  const real = Object.entries(transitions).flatMap(([from, next]) =>
    next.length === 0 ? [`${from} [*]`] : next.map((to) => `${from} ${to}`),
  );
  expect([...drawn].sort()).toEqual(["[*] pending", ...real].sort());
});

test("docs/report.md lists every code of an error that ends a command", () => {
  const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .join("\n");
  const raised = [...source.matchAll(/\b(?:new TidefillError|super)\(\s*"([a-z-]+)"/g)].map(
    ([, code = ""]) => code,
  );
  // These end a batch or a run, which has its own reason; the demo is for people.
  const within = [
    "batch-too-big",
    "commit-unknown",
    "lease-lost",
    "not-committed",
    "no-progress",
    "swallowed",
    "rows-swallowed",
    "reject-not-kept",
    "table-changed",
    "job",
    "demo",
  ];
  const told = raised.filter((code) => !within.includes(code) && !code.startsWith("embedded-"));
  const listed = tableRows(new Page("docs/report.md").section("## Errors")).flatMap(([codes]) =>
    codeSpans(codes ?? ""),
  );
  expect(listed).toEqual(expect.arrayContaining([...new Set(told)]));
  expect(told.length).toBeGreaterThan(5);
});
