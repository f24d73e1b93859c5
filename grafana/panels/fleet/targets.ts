import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import { type DynamicConfigValue, MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { stateColours } from "../../colours.ts";
import { graph, rangeQuery, stacked } from "../style.ts";
import { fleetRuns } from "./selectors.ts";
import { table } from "./table.ts";

const read = `rate(tidefill_rows_total{${fleetRuns},outcome="read"}[$__rate_interval])`;

function fastest(): TimeseriesBuilder {
  return graph(
    {
      title: "Rows per second, the ten fastest targets",
      description:
        "Rows read per second. One target far above the rest: it is larger, or it takes the slots; set `atOncePerGroup`. All of them sinking together: what they share is at its limit, such as one server or one network.",
    },
    "rowsps",
    12,
  )
    .noValue("no run")
    .withTarget(rangeQuery(`topk(10, sum by (target) (${read}))`, "{{target}}"));
}

function heldBack(): TimeseriesBuilder {
  const panel = graph(
    {
      title: "Targets held back, by reason",
      description:
        "How many targets each signal slows down or holds. Empty: no target is held back. The same reason on most targets: what they share is at its limit; lower `atOncePerGroup`. On a few: open the target below. docs/signals.md says what each reason means.",
    },
    "short",
    12,
  )
    .decimals(0)
    .withTarget(
      rangeQuery(
        `count by (reason) (max by (target, reason) (tidefill_throttled{${fleetRuns}}) > 0)`,
        "{{reason}}",
      ),
    );
  return stacked(panel);
}

/** The states of a run by how much they want an operator; a run that succeeded has 0. */
const urgency = { cancelled: 1, pending: 2, running: 3, paused: 4, interrupted: 5, failed: 6 } as const;

/** The urgency of each run. While a worker is at it, what another worker last saw of it does not count. */
function urgencies(): string {
  const of = (state: keyof typeof urgency) =>
    `${urgency[state]} * tidefill_run_state{${fleetRuns},state="${state}"}`;
  const ended = (["failed", "interrupted", "paused", "pending", "cancelled"] as const).map(of);
  const running = `(${of("running")}) > 0`;
  return `max by (job_name, target) (${running}) or max by (job_name, target) (${ended.join(" or ")})`;
}

/** Words and colours for urgencies. */
const stateWords: DynamicConfigValue = {
  id: "mappings",
  value: [
    {
      type: MappingType.ValueToText,
      options: Object.fromEntries(
        Object.entries({ succeeded: 0, ...urgency }).map(([state, rank]) => [
          rank,
          { text: state, color: stateColours[state as keyof typeof stateColours], index: rank },
        ]),
      ),
    },
  ],
};

/** Opens the dashboard of runs at the target of the row. */
const toItsRuns: DynamicConfigValue = {
  id: "links",
  value: [
    {
      title: "Its runs",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana that replaces these placeholders.
      url: "/d/tidefill?var-target=${__value.text}&${datasource:queryparam}&${__url_time_range}",
    },
  ],
};

function everyTarget(): TableBuilder {
  const by = "by (job_name, target)";
  return table(
    {
      title: "Targets, the worst first",
      description:
        "The runs of each target. Failed: `tidefill queue` lists its item with the reason. Interrupted: the queue begins it again by itself. Running at 0 rows a second: it is held back or waits for a lock; click on the target. A target is listed for some minutes after its run has ended.",
    },
    { target: "Target", job_name: "Job" },
    [
      {
        name: "State",
        expr: urgencies(),
        settings: [stateWords, { id: "custom.cellOptions", value: { type: "color-text" } }],
      },
      {
        name: "Progress",
        expr: `max ${by} (tidefill_run_progress_ratio{${fleetRuns}})`,
        settings: [
          { id: "unit", value: "percentunit" },
          { id: "min", value: 0 },
          { id: "max", value: 1 },
          { id: "custom.cellOptions", value: { type: "gauge", mode: "basic" } },
        ],
      },
      {
        name: "Rows/s",
        expr: `sum ${by} (${read})`,
        settings: [
          { id: "unit", value: "rowsps" },
          { id: "decimals", value: 0 },
        ],
      },
      {
        name: "Held back",
        expr: `max ${by} (tidefill_throttled{${fleetRuns}})`,
        settings: [{ id: "unit", value: "percentunit" }],
      },
    ],
  )
    .height(12)
    .span(24)
    .noValue("")
    .overrideByName("Target", [toItsRuns])
    .sortBy([
      new TableSortByFieldStateBuilder().displayName("State").desc(true),
      new TableSortByFieldStateBuilder().displayName("Progress").desc(false),
    ]);
}

/** How far and how fast is each target, and what holds it back? */
export function targetPanels(): readonly (TimeseriesBuilder | TableBuilder)[] {
  return [fastest(), heldBack(), everyTarget()];
}
