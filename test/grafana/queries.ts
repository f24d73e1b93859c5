import type { Rule } from "../support/prometheus.ts";

/** A query that Grafana or Prometheus runs, with the place where it is written. */
export interface Query {
  readonly where: string;
  readonly kind: "graph" | "number" | "annotation" | "recording" | "alerting";
  readonly expr: string;
}

interface Target {
  readonly expr?: string;
  readonly instant?: boolean;
  readonly datasource?: { readonly uid?: string };
}

/** The parts of a Grafana dashboard that the tests read. */
export interface DashboardJson {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly datasource?: { readonly uid?: string };
    readonly targets?: readonly Target[];
    readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
    readonly options?: { readonly yAxis?: { readonly unit?: string } };
  }[];
  readonly annotations: { readonly list: readonly (Target & { readonly name: string })[] };
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly datasource?: { readonly uid?: string };
      readonly definition?: string;
    }[];
  };
}

/** Every query of the dashboard's panels and annotations. */
export function dashboardQueries(dashboard: DashboardJson): readonly Query[] {
  const panels = dashboard.panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, instant }) => ({
      where: `panel ${panel.title}`,
      kind: instant ? ("number" as const) : ("graph" as const),
      expr: expr ?? "",
    })),
  );
  const annotations = dashboard.annotations.list.map(({ name, expr }) => ({
    where: `annotation ${name}`,
    kind: "annotation" as const,
    expr: expr ?? "",
  }));
  return [...panels, ...annotations];
}

/** The queries of rules as loaded by Prometheus. */
export function ruleQueries(rules: readonly Rule[]): readonly Query[] {
  return rules.map(({ name, type, query }) => ({ where: `rule ${name}`, kind: type, expr: query }));
}

/** The expression with Grafana's placeholders filled in as for a scrape interval of a second. */
export function filledIn(expr: string): string {
  const filled = expr
    .replaceAll("$__rate_interval", "5s")
    .replaceAll("$__interval", "1s")
    .replaceAll("$__range", "2m")
    .replaceAll("$job_name", ".+")
    .replaceAll("$target", ".*")
    .replaceAll("$fleet", ".+");
  if (filled.includes("$")) throw new Error(`A placeholder that this test does not know: ${expr}`);
  return filled;
}

/** The selectors in an expression: tidefill's metric names with their label matchers. */
export function selectors(expr: string): readonly string[] {
  return expr.match(/tidefill_\w+(?![\w:])(?:\{[^}]*\})?/g) ?? [];
}

/** The metric of a selector and the labels that it matches. */
export function partsOf(selector: string): { readonly metric: string; readonly labels: readonly string[] } {
  const [metric = "", matchers = ""] = selector.split("{");
  return { metric, labels: [...matchers.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = ""]) => label) };
}

/** The labels by which an expression groups or joins. */
export function groupedBy(expr: string): readonly string[] {
  const clauses = [...expr.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)];
  return clauses.flatMap(([, labels = ""]) => labels.split(", ")).filter((label) => label !== "");
}

/** The metrics named in a text; the series of a histogram count as the histogram. */
export function metricsIn(text: string): readonly string[] {
  const names = (text.match(/tidefill_\w+/g) ?? []).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  return [...new Set(names)];
}
