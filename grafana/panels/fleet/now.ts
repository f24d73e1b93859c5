import type { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { pickedFleet } from "../../variables.ts";
import { instantQuery, limits, stat } from "../style.ts";
import { fleetRuns, ofQueue } from "./selectors.ts";

function number(
  text: Parameters<typeof stat>[0],
  expr: string,
  { unit = "short", noValue = "no worker" } = {},
): StatBuilder {
  return stat(text, unit).noValue(noValue).decimals(0).withTarget(instantQuery(expr, ""));
}

function oldest(): StatBuilder {
  return number(
    {
      title: "Oldest item",
      description:
        "For how long an item has waited that could have begun. Yellow or red: start more workers with `tidefill work`, or see in `tidefill queue` whether any worker serves its target and whether its group lets it begin.",
    },
    ofQueue("tidefill_queue_oldest_seconds"),
    { unit: "s" },
  ).thresholds(
    limits([
      [300, "yellow"],
      [900, "red"],
    ]),
  );
}

function dead(): StatBuilder {
  return number(
    {
      title: "Dead letters",
      description:
        "Items that no worker tries again. `tidefill queue` lists them with the reason: mend the cause, then `tidefill queue retry <id>`, or drop them.",
    },
    `max(tidefill_queue_items{${pickedFleet},state="dead"})`,
  ).thresholds(limits([[1, "red"]]));
}

function stopped(): StatBuilder {
  return number(
    {
      title: "Jobs whose waves stopped",
      description:
        "A target has failed, so no further target of the job begins. The table of waves names the job; `tidefill queue` says why. Retry or drop the dead letter, and the waves go on.",
    },
    `sum(${ofQueue("tidefill_fleet_waves_stopped", ["job_name"])})`,
    { noValue: "no waves" },
  ).thresholds(limits([[1, "red"]]));
}

function workers(): StatBuilder {
  return number(
    {
      title: "Workers",
      description:
        "Workers that the queue has heard from lately. Fewer than you started: see Workers by machine. “no worker”: nothing is done until you start one; nothing is lost.",
    },
    `sum(${ofQueue("tidefill_fleet_workers", ["host"])})`,
  );
}

function freeSlots(): StatBuilder {
  return number(
    {
      title: "Free slots",
      description:
        "How many more items the workers could do at once. None, while the oldest item grows older: start more workers, or give them more `--slots`. Many, while items wait: the workers do not serve these targets, or a group is full.",
    },
    `sum(tidefill_fleet_slots{${pickedFleet},state="free"})`,
  );
}

function heldBack(): StatBuilder {
  return number(
    {
      title: "Targets held back",
      description:
        "Targets that a signal slows down or holds. A few are normal. Most of them: what they share is at its limit, such as one server; lower `atOncePerGroup`. The graph below shows the reasons.",
    },
    `sum(max by (target) (tidefill_throttled{${fleetRuns}}) > bool 0)`,
    { noValue: "no run" },
  );
}

/** The first row: does anything need an operator, and are there workers? */
export function fleetNowPanels(): readonly StatBuilder[] {
  return [oldest(), dead(), stopped(), workers(), freeSlots(), heldBack()];
}
