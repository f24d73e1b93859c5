import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { prometheus } from "../variables.ts";

/** The texts of every panel: its name, and what a bad shape of it means. */
export interface PanelText {
  readonly title: string;
  readonly description: string;
}

function query(expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(prometheus).expr(expr).legendFormat(legend);
}

/** A query of a graph. */
export function rangeQuery(expr: string, legend: string): DataqueryBuilder {
  return query(expr, legend).range();
}

/** A query of a single number, as of the end of the time range. */
export function instantQuery(expr: string, legend: string): DataqueryBuilder {
  return query(expr, legend).instant();
}

/** A query whose series are the buckets of a histogram. */
export function bucketQuery(expr: string): DataqueryBuilder {
  return rangeQuery(expr, "{{le}}").format(PromQueryFormat.Heatmap);
}

/** A number of the top row, which holds six; its colour changes when a limit is passed. */
export function stat(text: PanelText, unit: string): StatBuilder {
  return new StatBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(prometheus)
    .unit(unit)
    .height(4)
    .span(4)
    .noValue("no process")
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(limits([]))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false));
}

/** Colours from a value on; below the first value the number has the colour of text. */
export function limits(steps: readonly (readonly [from: number, colour: string])[]): ThresholdsConfigBuilder {
  const coloured = steps.map(([value, color]) => ({ value, color }));
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: "text" }, ...coloured]);
}

/** A graph of lines from zero up, `span` of the grid's 24 columns wide. */
export function graph(text: PanelText, unit: string, span: number): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(prometheus)
    .unit(unit)
    .height(8)
    .span(span)
    .min(0)
    .lineWidth(2)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

/** Areas on top of each other, for parts that add up to a whole. */
export function stacked(panel: TimeseriesBuilder): TimeseriesBuilder {
  return panel.fillOpacity(35).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
}

/** Gives each named series its colour. */
export function coloured<Panel extends TimeseriesBuilder | StatBuilder>(
  panel: Panel,
  colours: Readonly<Record<string, string>>,
): Panel {
  for (const [name, colour] of Object.entries(colours)) {
    panel.overrideByName(name, [fixedColour(colour)]);
  }
  return panel;
}

/** The setting that pins a series' colour. */
export function fixedColour(colour: string): DynamicConfigValue {
  return { id: "color", value: { mode: "fixed", fixedColor: colour } };
}

/** The settings that give a series an axis of its own, at the right. */
export function onTheRight(unit: string): DynamicConfigValue[] {
  return [
    { id: "unit", value: unit },
    { id: "custom.axisPlacement", value: AxisPlacement.Right },
    { id: "custom.lineStyle", value: { fill: "dash", dash: [8, 6] } },
    { id: "custom.fillOpacity", value: 0 },
  ];
}
