import { givenParameters } from "../engine/undo-log/kept-parameters.ts";
import { RefusedError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import type { Job } from "../job/definition/define-job.ts";
import { readParameters } from "../job/definition/parameters.ts";
import { findTable } from "../plan/open/find-table.ts";
import { insertOf, resolveJob } from "../plan/open/resolve-job.ts";
import { readSequenceColumns, setvalStatement, stepsBehind } from "../postgres/catalog/sequences.ts";
import { displayIdentifier } from "../postgres/sql/sql.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { lookBriefly, TableLockedError } from "../postgres/transaction/look-briefly.ts";
import type { Examination, Finding } from "./finding.ts";

/** Sequences that are behind values which jobs inserted: the application's next inserts fail with 23505. */
export const sequenceFindings: Examination = async ({ db, states }) => {
  const findings: Finding[] = [];
  for (const { job, run } of states) {
    if (run === null || run.undoneBy !== null || job.kind === "steps") continue;
    const given = await givenParameters(db, run, {}).catch(unlessPassing);
    if (given === null) continue;
    const parameters = await readParameters(job.parameters, given);
    const found = await lookBriefly(db, (briefly) => sequencesBehind(briefly, job, parameters)).catch(
      unlessPassing,
    );
    findings.push(...(found ?? []));
  }
  return findings;
};

/**
 * The role that checks may lack the key of encrypted parameters; a locked table is left to the next check.
 */
function unlessPassing(error: unknown): null {
  if (error instanceof RefusedError || error instanceof TableLockedError) return null;
  throw error;
}

async function sequencesBehind(db: Database, job: Job, parameters: object): Promise<Finding[]> {
  const insert = insertOf(resolveJob(job, job.bind(parameters)).sink);
  if (insert === null) return [];
  return db.transaction(async (tx) => {
    const { relation } = await findTable(tx, insert.table);
    if (relation === null) return [];
    const findings: Finding[] = [];
    for (const column of await readSequenceColumns(tx, relation, insert.columns)) {
      if (!column.isIndexed || !column.isOurs) continue;
      const steps = await stepsBehind(tx, relation, column);
      if (steps === 0n) continue;
      findings.push({
        code: "sequence-behind",
        job: job.name,
        message: `The sequence ${column.sequence} is ${steps} values behind what ${displayName(relation)}.${displayIdentifier(column.column)} holds: inserts of the application fail with 23505.`,
        remedy: setvalStatement(relation, column),
      });
    }
    return findings;
  });
}
