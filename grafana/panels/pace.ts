import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { outcomeColours } from "../colours.ts";
import { pickedRuns } from "../variables.ts";
import { coloured, graph, rangeQuery, stacked } from "./style.ts";

function batchSize(): TimeseriesBuilder {
  return graph(
    {
      title: "Batch size",
      description:
        "Rows that the next batch takes; it grows until a batch takes as long as it should. Falling to a few rows: the database is slow or locks are contended. Low from the start: rows are large, and the byte budget limits the batch.",
    },
    "short",
    8,
  ).withTarget(
    rangeQuery(`avg by (job_name, target) (tidefill_batch_rows{${pickedRuns}})`, "{{job_name}} {{target}}"),
  );
}

function workers(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Workers",
      description:
        "Workers in a batch and between batches, over all processes. Mostly waiting: there are fewer ranges left than workers, or they pause between retries. A fall of the sum: a process has ended.",
    },
    "short",
    8,
  )
    .decimals(0)
    .withTarget(rangeQuery(`sum by (state) (tidefill_workers{${pickedRuns}})`, "{{state}}"));
  return coloured(stacked(panel), { busy: "green", waiting: "#8e8e8e" });
}

function batches(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Batches by outcome",
      description:
        "Retried batches are rolled back and done again; halved ones were too large, or contain a row that cannot be written. More than a tenth of either for long: work is wasted.",
    },
    "ops",
    8,
  ).withTarget(
    rangeQuery(
      `sum by (outcome) (rate(tidefill_batches_total{${pickedRuns}}[$__rate_interval]))`,
      "{{outcome}}",
    ),
  );
  return coloured(panel, outcomeColours);
}

/** What pace has the run chosen, and how many workers are on it? */
export function pacePanels(): readonly TimeseriesBuilder[] {
  return [batchSize(), workers(), batches()];
}
