import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { stateColours } from "./colours.ts";
import { pickedRuns, prometheus } from "./variables.ts";

/**
 * Marks the first instant at which a job shows one of the states. Not by changes(): it misses a process
 * that appears with its state already set, or that disappears one scrape after its last state.
 */
function entered(states: string): string {
  const state = `tidefill_run_state{${pickedRuns},state=~"${states}"}`;
  const now = `max by (job_name, target, state) (max_over_time(${state}[$__rate_interval])) == 1`;
  const before = `max by (job_name, target, state) (max_over_time(${state}[$__rate_interval] offset $__interval)) == 1`;
  return `(${now}) unless (${before})`;
}

function annotation(name: string, states: string, colour: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(prometheus)
    .enable(true)
    .iconColor(colour)
    .expr(entered(states))
    .step("5s")
    .titleFormat("{{job_name}}: {{state}}") // without the target: Grafana would print its name where there is none
    .tagKeys("job_name,target,state");
}

/** What happened to the runs, as vertical lines across every graph. */
export const runStateAnnotations: readonly AnnotationQueryBuilder[] = [
  annotation("Started", "running", stateColours.running),
  annotation("Finished", "succeeded", stateColours.succeeded),
  annotation("Stopped", "paused|interrupted|cancelled", stateColours.paused),
  annotation("Failed", "failed", stateColours.failed),
];
