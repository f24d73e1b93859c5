import type { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { pickedJobs } from "../variables.ts";
import { graph, rangeQuery } from "./style.ts";

function wal(): TimeseriesBuilder {
  return graph(
    {
      title: "WAL written",
      description:
        "By the whole database while the run works. Much more than the rows' own size: full-page images after each checkpoint of PostgreSQL, or updates that touch indexes. Archiving and replicas have to carry all of it.",
    },
    "Bps",
    6,
  ).withTarget(
    rangeQuery(
      `max by (job_name) (rate(tidefill_wal_bytes_total{${pickedJobs}}[$__rate_interval]))`,
      "{{job_name}}",
    ),
  );
}

function ownWal(): TimeseriesBuilder {
  return graph(
    {
      title: "WAL written by tidefill",
      description:
        "Of all the WAL, what tidefill's own sessions write. Far below the panel beside it: others write more than the run does, and slowing it down will not help replicas much. Empty: PostgreSQL before 18 does not tell.",
    },
    "Bps",
    6,
  )
    .noValue("not told before PostgreSQL 18")
    .withTarget(
      rangeQuery(`max by (job_name) (tidefill_own_wal_bytes_per_second{${pickedJobs}})`, "{{job_name}}"),
    );
}

function deadTuples(): TimeseriesBuilder {
  return graph(
    {
      title: "Dead rows",
      description:
        "Old versions that autovacuum has still to clean up. Saw teeth are healthy. Only climbing: autovacuum does not keep up, or a long transaction elsewhere holds it back; the table grows and reading slows down.",
    },
    "short",
    6,
  ).withTarget(rangeQuery("max by (table) (tidefill_table_dead_tuples)", "{{table}}"));
}

function undoLog(): TimeseriesBuilder {
  return graph(
    {
      title: "Undo log",
      description:
        "What the run keeps so that it can be undone. It grows with the rows written and goes as a whole with tidefill purge.",
    },
    "bytes",
    6,
  ).withTarget(rangeQuery(`max by (job_name) (tidefill_undo_log_bytes{${pickedJobs}})`, "{{job_name}}"));
}

/** What does the run cost the database? */
export function databasePanels(): readonly TimeseriesBuilder[] {
  return [wal(), ownWal(), deadTuples(), undoLog()];
}
