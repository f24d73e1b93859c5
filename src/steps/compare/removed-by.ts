import { type Step, type StepTable, takesAway } from "../../job/steps/steps.ts";

/** Whether a later step has removed or renamed what a step made. */
export function isRemovedBy(later: Step, step: Step): boolean {
  if (later.kind === "drop index") return step.kind === "create index" && step.index === later.index.name;
  if (!takesAway(later) || !("table" in later) || !("table" in step)) return false;
  if (!isSame(later.table, step.table)) return false;
  if (later.kind === "drop table") return true;
  // A column's indexes and constraints are dropped with it; which ones they were is no longer known.
  if (step.kind === "create index" || step.kind === "add constraint") return later.kind === "drop column";
  return columnRemovedBy(later) !== null && columnRemovedBy(later) === columnOf(step);
}

/** The column that a step removes from a table, by dropping or renaming it; null where it removes none. */
export function columnRemovedBy(step: Step): string | null {
  if (step.kind === "drop column") return step.column;
  return step.kind === "rename column" ? step.from : null;
}

function columnOf(step: Step): string | null {
  return step.kind === "add column" || step.kind === "set not null" ? step.column : null;
}

function isSame(left: StepTable, right: StepTable): boolean {
  const isAnySchema = left.schema === null || right.schema === null || left.schema === right.schema;
  return left.name === right.name && isAnySchema;
}
