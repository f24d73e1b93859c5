import { ScaleDistribution, ScaleDistributionConfigBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedRuns, prometheus } from "../variables.ts";
import { bucketQuery, coloured, graph, rangeQuery } from "./style.ts";

const phases = {
  read: "Time to read and lock the rows. Steps of about a second: the application locks rows. A slow climb: the query plan degrades or dead rows pile up, see the last row of panels.",
  transform:
    "Time of the job's own function. Above the other phases: the job's code limits the run, not by PostgreSQL; more workers help only while a core is idle.",
  write:
    "Time of the one set-based statement of the batch. A climb: indexes of the written columns, triggers or foreign keys cost more and more, or PostgreSQL's checkpoints slow everything down.",
  commit:
    "Time from COMMIT until PostgreSQL answers. Above 50 ms: the disk of the WAL is busy, or a synchronous replica is slow.",
} as const;

type Phase = keyof typeof phases;

const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
const quantileColours = { p50: "green", p95: "yellow", p99: "red" } as const;

function buckets(phase: Phase, over: "rate" | "increase"): string {
  const series = `tidefill_batch_duration_seconds_bucket{${pickedRuns},phase="${phase}"}`;
  return `sum by (le) (${over}(${series}[$__rate_interval]))`;
}

function percentiles(phase: Phase): TimeseriesBuilder {
  const panel = graph({ title: `Batch ${phase}`, description: phases[phase] }, "s", 6);
  for (const [name, quantile] of Object.entries(quantiles)) {
    panel.withTarget(rangeQuery(`histogram_quantile(${quantile}, ${buckets(phase, "rate")})`, name));
  }
  return coloured(panel, quantileColours);
}

function heatmap(phase: Phase): HeatmapBuilder {
  return new HeatmapBuilder()
    .title(`Batch ${phase}, spread`)
    .description(
      `How many batches took how long to ${phase}. One narrow band is healthy. Two bands mean two kinds of batches, often those that waited for a lock and those that did not.`,
    )
    .datasource(prometheus)
    .height(7)
    .span(6)
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit("s"))
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme("Blues").steps(64))
    .scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Linear))
    .hideLegend()
    .withTarget(bucketQuery(buckets(phase, "increase")));
}

/** Where does a batch spend its time? A column for each phase: percentiles above, the spread below. */
export function batchTimePanels(): readonly (TimeseriesBuilder | HeatmapBuilder)[] {
  const names = Object.keys(phases) as Phase[];
  return [...names.map(percentiles), ...names.map(heatmap)];
}
