import { givenParameters } from "../engine/undo-log/kept-parameters.ts";
import { RefusedError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import { readParameters } from "../job/definition/parameters.ts";
import type { Step } from "../job/steps/steps.ts";
import { tryToOpenJob } from "../plan/open-job.ts";
import { sql } from "../postgres/sql/sql.ts";
import { TableLockedError } from "../postgres/transaction/look-briefly.ts";
import { columnRemovedBy } from "../steps/compare/removed-by.ts";
import { doneSteps, missingSteps } from "../steps/missing-steps.ts";
import type { Examination, Examined, Finding } from "./finding.ts";

/** What the database has that it should not have, or lacks. */
export const schemaFindings: Examination = async (examined) => [
  ...(await driftedTables(examined)),
  ...(await stepsThatAreGone(examined)),
  ...(await invalidIndexes(examined)),
  ...(await unvalidatedConstraints(examined)),
];

/** Checks of the table itself; the role that checks may lack the rights of the role that runs. */
const drift: ReadonlySet<string> = new Set([
  "relation-is-a-table",
  "columns-are-as-described",
  "key-orders-the-rows",
]);

/** Jobs that have succeeded, but whose tables no longer fit their descriptions. */
async function driftedTables({ db, states, all }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [];
  const taken = all.flatMap(doneSteps);
  for (const { job, run, state, steps } of states) {
    if (state !== "succeeded" || run === null || job.kind === "steps") continue;
    // Only the author knows what the job's own last statements were meant to change.
    if (job.contract.some(({ kind, name }) => kind === "sql" && steps.contract.done.includes(name))) continue;
    const given = await givenParameters(db, run, {}).catch(unlessRefused);
    // The role that checks may lack the key of encrypted parameters.
    if (given === null) continue;
    const parameters = await readParameters(job.parameters, given);
    const refusals = await tryToOpenJob(db, job, parameters).then(
      ({ refusals }) => refusals,
      (error: unknown) => {
        if (error instanceof TableLockedError) return null;
        if (!(error instanceof RefusedError)) throw error;
        return [{ check: error.check, message: error.message, remedy: error.remedy ?? "" }];
      },
    );
    // A session that has locked a table may be about to change it: the next check tells.
    if (refusals === null) continue;
    const found = refusals.filter(({ check }) => drift.has(check));
    for (const { message, remedy } of found.filter((refusal) => !taken.some((step) => isOf(step, refusal))))
      findings.push({ code: "drifted-table", job: job.name, message: `${job.name}: ${message}`, remedy });
  }
  return findings;
}

function unlessRefused(error: unknown): null {
  if (!(error instanceof RefusedError)) throw error;
  return null;
}

/** Whether it is about something that a step has dropped or renamed on purpose. */
function isOf(step: Step, { message }: { readonly message: string }): boolean {
  if (step.kind === "drop table") return message.includes(displayName(step.table));
  const column = columnRemovedBy(step);
  return (
    column !== null && "table" in step && message.includes(`${step.table.name} has no column ${column}.`)
  );
}

async function stepsThatAreGone({ db, states, all }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [];
  const done = all.flatMap(doneSteps);
  for (const { job, steps } of states) {
    for (const step of await missingSteps(db, { job, steps }, done))
      findings.push({
        code: "lost-step",
        job: job.name,
        message: `What the step "${step.name}" of ${job.name} has made no longer exists.`,
        remedy: "Create it again by hand, or find out what removed it.",
      });
  }
  return findings;
}

async function invalidIndexes({ db }: Examined): Promise<Finding[]> {
  const { rows } = await db.query(sql`
    select i.indexrelid::pg_catalog.regclass::text as index, i.indrelid::pg_catalog.regclass::text as of_table
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where not i.indisvalid
      -- an index of a partitioned table is invalid until each partition has its part
      and c.relkind = 'i'
      and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
    order by 1`);
  return rows.map((row) => ({
    code: "invalid-index",
    job: null,
    message: `The index ${row.index} of ${row.of_table} is invalid: it costs every write and helps no query.`,
    remedy: `drop index concurrently ${row.index};   then create it again`,
  }));
}

async function unvalidatedConstraints({ db }: Examined): Promise<Finding[]> {
  const { rows } = await db.query(sql`
    select pg_catalog.quote_ident(c.conname) as constraint_name, c.conrelid::pg_catalog.regclass::text as of_table
    from pg_catalog.pg_constraint c
    where not c.convalidated
      and c.conrelid <> 0
      and c.conparentid = 0
    order by 2, 1`);
  return rows.map((row) => ({
    code: "constraint-not-valid",
    job: null,
    message: `The constraint ${row.constraint_name} of ${row.of_table} is NOT VALID: old rows may break it.`,
    remedy: `alter table ${row.of_table} validate constraint ${row.constraint_name};`,
  }));
}
