import type { TableRows } from "../../source/table/table-rows.ts";
import type { Refusal } from "../open/check.ts";

/** `new` writes `false` where only the author knows the scope: the run would succeed and do nothing. */
export function scopeIsSaid(job: string, { where }: TableRows<unknown>): Refusal[] {
  if (where === null || where.toQuery().text.trim().toLowerCase() !== "false") return [];
  return [
    {
      check: "scope-is-said",
      message: `The \`where\` of ${job} is false: no row is in scope.`,
      remedy: "Write in the job's file which rows it is about.",
    },
  ];
}
