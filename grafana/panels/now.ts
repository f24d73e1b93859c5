import { BigValueTextMode } from "@grafana/grafana-foundation-sdk/common";
import type { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { stateColours } from "../colours.ts";
import { pickedRuns } from "../variables.ts";
import { fixedColour, instantQuery, limits, stat } from "./style.ts";

function state(): StatBuilder {
  const panel = stat(
    {
      title: "State",
      description:
        "State of each run whose process is alive. “no process”: no process works on it now; the lines across the graphs show how it ended. Red: the run failed and waits for an operator; `tidefill status` says why.",
    },
    "none",
  )
    .textMode(BigValueTextMode.Name)
    .withTarget(
      instantQuery(
        `max by (job_name, target, state) (tidefill_run_state{${pickedRuns}}) == 1`,
        "{{job_name}} {{target}} {{state}}",
      ),
    );
  for (const [name, colour] of Object.entries(stateColours)) {
    panel.overrideByRegexp(`/ ${name}$/`, [fixedColour(colour)]);
  }
  return panel;
}

function progress(): StatBuilder {
  return stat(
    {
      title: "Progress",
      description:
        "Share of the rows to visit, as estimated, that is committed. It may stay near 100 % while sweeps look for late rows. If it stops below that: look at the checkpoint age.",
    },
    "percentunit",
  )
    .min(0)
    .max(1)
    .decimals(1)
    .withTarget(
      instantQuery(
        `max by (job_name, target) (tidefill_run_progress_ratio{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

function speed(): StatBuilder {
  return stat(
    {
      title: "Rows per second",
      description:
        "Rows read per second, over all processes of the run. Zero while the state is running: the run waits for something, see Retries.",
    },
    "short",
  ).withTarget(
    instantQuery(
      `sum by (job_name, target) (rate(tidefill_rows_total{${pickedRuns},outcome="read"}[$__rate_interval]))`,
      "{{job_name}} {{target}}",
    ),
  );
}

function timeLeft(): StatBuilder {
  return stat(
    {
      title: "Time left",
      description:
        "At the present speed. Growing while the run works: the run slows down, see batch time and batch size.",
    },
    "s",
  )
    .decimals(0)
    .withTarget(
      instantQuery(
        `max by (job_name, target) (tidefill_eta_seconds{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

function rejects(): StatBuilder {
  return stat(
    {
      title: "Rejects",
      description:
        "Rows rejected within the time range shown, because they could not be transformed or written. `tidefill rejects` lists their keys and reasons.",
    },
    "short",
  )
    .decimals(0)
    .thresholds(
      limits([
        [1, "yellow"],
        [100, "red"],
      ]),
    )
    .withTarget(
      instantQuery(
        `round(sum by (job_name, target) (increase(tidefill_rows_total{${pickedRuns},outcome="rejected"}[$__range])))`,
        "{{job_name}} {{target}}",
      ),
    );
}

function checkpointAge(): StatBuilder {
  return stat(
    {
      title: "Last checkpoint",
      description:
        "Time since the run last committed anything. A healthy run commits several times a second. After 5 minutes it counts as stalled and the alert fires.",
    },
    "s",
  )
    .decimals(0)
    .thresholds(
      limits([
        [60, "yellow"],
        [300, "red"],
      ]),
    )
    .withTarget(
      instantQuery(
        `min by (job_name, target) (tidefill_checkpoint_age_seconds{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

/** The first row: is it running, how far is it, and does anything need an operator? */
export function nowPanels(): readonly StatBuilder[] {
  return [state(), progress(), speed(), timeLeft(), rejects(), checkpointAge()];
}
