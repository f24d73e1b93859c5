import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedRuns, pickedTargets } from "../variables.ts";
import { graph, rangeQuery } from "./style.ts";

function checkpointAge(): TimeseriesBuilder {
  return graph(
    {
      title: "Checkpoint age",
      description:
        "Time since the run last committed. Flat near zero is right. A ramp means that no batch commits: a session holds a lock for long, the database does not answer, or a synchronous replica delays commits.",
    },
    "s",
    8,
  ).withTarget(
    rangeQuery(
      `min by (job_name, target) (tidefill_checkpoint_age_seconds{${pickedRuns}})`,
      "{{job_name}} {{target}}",
    ),
  );
}

function replicationBytes(): TimeseriesBuilder {
  return graph(
    {
      title: "Replication lag, bytes",
      description:
        "WAL that each replica has still to replay. Rising as long as the run works: the run writes faster than the replica replays; use fewer workers or pause. Empty: the database has no replica.",
    },
    "bytes",
    8,
  )
    .noValue("no replica")
    .withTarget(
      rangeQuery(
        `max by (target, replica) (tidefill_replication_lag_bytes{${pickedTargets}})`,
        "{{target}} {{replica}}",
      ),
    );
}

function replicationSeconds(): TimeseriesBuilder {
  return graph(
    {
      title: "Replication lag, time",
      description:
        "How old the data of each replica is. Readers of a replica see the application this far in the past. Time without bytes: nothing is being written. Empty: the database has no replica.",
    },
    "s",
    8,
  )
    .noValue("no replica")
    .withTarget(
      rangeQuery(
        `max by (target, replica) (tidefill_replication_lag_seconds{${pickedTargets}})`,
        "{{target}} {{replica}}",
      ),
    );
}

/** Does the run get its work committed, and do the replicas keep up with it? */
export function lagPanels(): readonly TimeseriesBuilder[] {
  return [checkpointAge(), replicationBytes(), replicationSeconds()];
}
