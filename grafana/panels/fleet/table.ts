import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { prometheus } from "../../variables.ts";
import { instantQuery, type PanelText } from "../style.ts";

/** A column of numbers: one query by the labels of the table. */
interface Column {
  readonly name: string;
  readonly expr: string;
  readonly settings?: readonly DynamicConfigValue[];
}

/**
 * A table with a row for each combination of `labels`, whose columns are named by their values. Every row has
 * a number in the first of `columns`.
 */
export function table(
  text: PanelText,
  labels: Readonly<Record<string, string>>,
  columns: readonly Column[],
): TableBuilder {
  const panel = new TableBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(prometheus)
    .unit("short")
    .height(8)
    .span(12)
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({ id: "organize", options: arranged(Object.entries(labels), columns) });
  for (const { name, expr, settings = [] } of columns) {
    panel.withTarget(instantQuery(expr, "").format(PromQueryFormat.Table));
    panel.overrideByName(name, [...settings]);
  }
  return panel;
}

/** Grafana calls the column of query A "Value #A", and only "Value" while no other query has an answer. */
function arranged(labels: readonly (readonly [string, string])[], columns: readonly Column[]): object {
  const values = columns.map(({ name }, at) => [`Value #${String.fromCharCode(65 + at)}`, name] as const);
  const named = [...labels, ["Value", columns[0]?.name ?? ""] as const, ...values];
  return {
    excludeByName: { Time: true },
    indexByName: Object.fromEntries(named.map(([field], at) => [field, at])),
    renameByName: Object.fromEntries(named),
  };
}
