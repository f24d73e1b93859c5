import { UsageError } from "../../errors.ts";
import { howToBuild, sqlWithin } from "../../postgres/sql/built-query.ts";
import { parseDuration } from "../pace/duration.ts";
import { takesAway } from "../steps/steps.ts";
import type { CommonDefinition } from "./job-definition.ts";
import type { ParameterSpec } from "./parameters.ts";

/**
 * @throws UsageError where two steps of a phase have the same name, which must tell them apart; and where an
 * expand step removes something, since the safeguards (backup, undo logs, confirmation) only precede contract
 * steps
 */
export function stepsOf({ name, expand = [], contract = [], after = [] }: CommonDefinition<ParameterSpec>) {
  for (const steps of [expand, contract]) {
    const names = steps.map((step) => step.name);
    const twice = names.find((each, index) => names.indexOf(each) !== index);
    if (twice !== undefined)
      throw new UsageError(`Job ${name} has the step "${twice}" twice.`, {
        remedy: "Leave one of them out, or give sqlStep another name.",
      });
  }
  const early = expand.find(takesAway);
  if (early !== undefined)
    throw new UsageError(`The step "${early.name}" of job ${name} removes something before the rows.`, {
      remedy: `Move it to contract: there it waits for tidefill contract ${name}, a backup, and undo logs that need it.`,
    });
  return { expand: [...expand], contract: [...contract], after: [...after] };
}

/** The checks before a run and before something is lost. @throws UsageError */
export function precautions({ name, integrity = [], backup = {} }: CommonDefinition<ParameterSpec>) {
  const looks = integrity.map(({ name: rule, query }) => {
    const found = sqlWithin(query);
    if (rule !== "" && found !== null) return { name: rule, query: found };
    throw new UsageError(`An integrity query of job ${name} has no name or is not SQL.`, {
      remedy: `Write integrity: [{ name: "every essay has a student", query: … }]. ${howToBuild}`,
    });
  });
  const maxAgeMs = parseDuration(backup.maxAge ?? "24h");
  return { integrity: looks, backup: { maxAgeMs, check: backup.check ?? null } };
}
