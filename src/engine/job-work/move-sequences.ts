import type { WrittenTable } from "../../plan/open/opened-job.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import {
  draw,
  readSequenceColumns,
  type SequenceColumn,
  setvalStatement,
  stepsBehind,
} from "../../postgres/catalog/sequences.ts";
import { classifyFailure } from "../../postgres/failure/failure.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { lookBriefly, TableLockedError } from "../../postgres/transaction/look-briefly.ts";
import { describeStop } from "../report/describe-stop.ts";

/** The most values to draw from a sequence: more would take long, and ids may be far apart on purpose. */
const drawnAtMost = 1_000_000n;
const drawnAtOnce = 10_000n;

/**
 * Moves sequences past the values that a run has inserted, so that the application's next inserts do not
 * collide. Draws values instead of setting them, so that a sequence never goes back beside other sessions
 * that draw. Returns what an operator still has to do.
 */
export async function moveSequences(db: Database, writes: readonly WrittenTable[]): Promise<string | null> {
  const left: string[] = [];
  for (const { relation, verb, columns } of writes) {
    if (verb !== "insert") continue;
    for (const column of await readSequenceColumns(db, relation, columns)) {
      const isMoved = await moveOn(db, relation, column).catch((error: unknown) => {
        // A lost connection says nothing about the sequence.
        if (!(error instanceof TableLockedError) && classifyFailure(error).reason === "connection")
          throw error;
        left.push(describeStop(error));
        return false;
      });
      if (!isMoved)
        left.push(`Move the sequence ${column.sequence} by hand: ${setvalStatement(relation, column)}`);
    }
  }
  return left.length === 0 ? null : left.join(" ");
}

async function moveOn(db: Database, relation: Relation, column: SequenceColumn): Promise<boolean> {
  if (!column.isIndexed || !column.isOurs) return false;
  for (;;) {
    const steps = await lookBriefly(db, (briefly) => stepsBehind(briefly, relation, column));
    if (steps > drawnAtMost) return false;
    if (steps === 0n) return true;
    await draw(db, column, steps < drawnAtOnce ? steps : drawnAtOnce);
  }
}
