import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedRuns, pickedTargets } from "../variables.ts";
import { graph, rangeQuery } from "./style.ts";

function wal(): TimeseriesBuilder {
  return graph(
    {
      title: "WAL written",
      description:
        "WAL of all sessions while the run works. Much more than the size of the rows: full-page images after each of PostgreSQL's checkpoints, or updates that touch indexes. Archiving and replicas must handle all of it.",
    },
    "Bps",
    6,
  ).withTarget(
    rangeQuery(
      `max by (job_name, target) (rate(tidefill_wal_bytes_total{${pickedRuns}}[$__rate_interval]))`,
      "{{job_name}} {{target}}",
    ),
  );
}

function ownWal(): TimeseriesBuilder {
  return graph(
    {
      title: "WAL written by tidefill",
      description:
        "The part of the WAL that tidefill's own sessions write. Far below the panel beside it: other sessions write more than the run, so slowing the run down will not help replicas much. Empty: PostgreSQL before 18 does not report it.",
    },
    "Bps",
    6,
  )
    .noValue("not reported before PostgreSQL 18")
    .withTarget(
      rangeQuery(
        `max by (job_name, target) (tidefill_own_wal_bytes_per_second{${pickedRuns}})`,
        "{{job_name}} {{target}}",
      ),
    );
}

function deadTuples(): TimeseriesBuilder {
  return graph(
    {
      title: "Dead rows",
      description:
        "Old row versions that autovacuum has still to clean up. Saw teeth are healthy. Only climbing: autovacuum does not keep up, or a long transaction elsewhere holds it up; the table grows and reading slows down.",
    },
    "short",
    6,
  ).withTarget(
    rangeQuery(
      `max by (target, table) (tidefill_table_dead_tuples{${pickedTargets}})`,
      "{{target}} {{table}}",
    ),
  );
}

function undoLog(): TimeseriesBuilder {
  return graph(
    {
      title: "Undo log",
      description:
        "What the run keeps so that it can be undone. It grows with the rows written; tidefill purge drops it as a whole.",
    },
    "bytes",
    6,
  ).withTarget(
    rangeQuery(
      `max by (job_name, target) (tidefill_undo_log_bytes{${pickedRuns}})`,
      "{{job_name}} {{target}}",
    ),
  );
}

/** What does the run cost the database? */
export function databasePanels(): readonly TimeseriesBuilder[] {
  return [wal(), ownWal(), deadTuples(), undoLog()];
}
