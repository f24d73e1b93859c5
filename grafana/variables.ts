import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** The Prometheus that the reader picked at the top: every target, annotation and variable queries it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana that replaces this placeholder.
export const prometheus = { type: "prometheus", uid: "${datasource}" } as const;

/** The picker of a Prometheus. */
export const datasourceVariable = new DatasourceVariableBuilder("datasource")
  .label("Prometheus")
  .type("prometheus");

/** A picker of several values of a label, all of them at first; `all` is the pattern that stands for all. */
function labelVariable(
  [name, label, all]: readonly [name: string, label: string, all: ".+" | ".*"],
  series: string,
): QueryVariableBuilder {
  const definition = `label_values(${series}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(prometheus)
    .definition(definition)
    .query({ qryType: 1, query: definition, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ text: ["All"], value: ["$__all"], selected: true });
}

/** The picker of jobs. It follows the time range, so that a job whose process is gone can still be picked. */
export const jobVariable = labelVariable(["job_name", "Job", ".+"], "tidefill_run_state");

/** The picker of targets. All of them include runs that no fleet does, which have no target. */
export const targetVariable = labelVariable(
  ["target", "Target", ".*"],
  `tidefill_run_state{job_name=~"$job_name"}`,
);

/** The label matcher of the picked targets, for metrics that have no job. */
export const pickedTargets = `target=~"$target"`;

/** The label matchers of the picked runs, for every metric that has a job. */
export const pickedRuns = `job_name=~"$job_name",${pickedTargets}`;

/** The picker of fleets: the workers of one fleet are scraped under one job of Prometheus. */
export const fleetVariable = new QueryVariableBuilder("fleet")
  .label("Fleet")
  .datasource(prometheus)
  .definition("label_values(tidefill_fleet_slots, job)")
  .query({ qryType: 1, query: "label_values(tidefill_fleet_slots, job)", refId: "fleet" })
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)
  .multi(true);

/** The label matcher of the picked fleet, for every metric of a worker. */
export const pickedFleet = `job=~"$fleet"`;

/** The picker of the fleet's jobs. */
export const fleetJobVariable = labelVariable(
  ["job_name", "Job", ".+"],
  `tidefill_run_state{${pickedFleet},target!=""}`,
);

/** The picker of the fleet's targets. */
export const fleetTargetVariable = labelVariable(
  ["target", "Target", ".+"],
  `tidefill_run_state{${pickedFleet},job_name=~"$job_name"}`,
);
