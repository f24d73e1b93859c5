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

/** The picker of jobs. It follows the time range, so that a job whose process is gone can still be picked. */
export const jobVariable = new QueryVariableBuilder("job_name")
  .label("Job")
  .datasource(prometheus)
  .definition("label_values(tidefill_run_state, job_name)")
  .query({ qryType: 1, query: "label_values(tidefill_run_state, job_name)", refId: "JobNames" })
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)
  .multi(true)
  .includeAll(true)
  .allValue(".+")
  .current({ text: ["All"], value: ["$__all"], selected: true });

/** The label matcher of the picked jobs, for every metric that has a job. */
export const pickedJobs = `job_name=~"$job_name"`;
