import { displayName } from "../../job/columns/table.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";
import { type AnySink, changedTable, keptOf } from "../open/resolve-job.ts";

/** A kept column is taken from the source's column of the same name, whose values must be assignable to it. */
export async function keptColumnsFit(
  tx: Transaction,
  from: Relation,
  into: Relation,
  sink: AnySink,
): Promise<Refusal[]> {
  const isMove = changedTable(sink) !== null;
  const refusals: Refusal[] = [];
  for (const name of keptOf(sink)) {
    const column = into.columns.find((each) => each.name === name);
    const source = from.columns.find((each) => each.name === name);
    if (source === undefined) refusals.push(absent(from, name));
    else if (isMove && source.isGenerated) refusals.push(generated(from, name));
    else if (column !== undefined && !(await isAssignable(tx, source, column)))
      refusals.push(unfit({ from, source }, { into, column }));
  }
  return refusals;
}

/** Whether PostgreSQL would cast one type to the other in an insert. */
async function isAssignable(tx: Transaction, source: Column, target: Column): Promise<boolean> {
  if (source.baseType === target.baseType) return true;
  const { rows } = await tx.query(sql`
    select exists (
      select from pg_catalog.pg_cast
      where castsource = ${source.baseType}::pg_catalog.regtype
        and casttarget = ${target.baseType}::pg_catalog.regtype
        and castcontext in ('a', 'i')) as fits`);
  return rows[0]?.fits === "t";
}

function absent(from: Relation, name: string): Refusal {
  return refusal(name, (shown) => `${displayName(from)} has no column ${shown} that could be kept.`);
}

/** A move keeps what the deleted row needs to come back, and PostgreSQL computes a generated column again. */
function generated(from: Relation, name: string): Refusal {
  return refusal(
    name,
    (shown) => `${shown} cannot be kept by a move: it is a generated column of ${displayName(from)}.`,
  );
}

function unfit(
  { from, source }: { readonly from: Relation; readonly source: Column },
  { into, column }: { readonly into: Relation; readonly column: Column },
): Refusal {
  return refusal(
    column.name,
    (shown) =>
      `${shown} cannot be kept: it is ${source.displayType} in ${displayName(from)} and ${column.displayType} in ${displayName(into)}.`,
  );
}

function refusal(name: string, message: (shown: string) => string): Refusal {
  const shown = displayIdentifier(name);
  return {
    check: "kept-columns-fit",
    message: message(shown),
    remedy: `Return ${shown} from the transform: take it out of keep, and name it among the columns.`,
  };
}
