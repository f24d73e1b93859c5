import { displayName } from "../../job/columns/table.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";

/** A kept column is taken from the source's column of the same name, whose values must be assignable to it. */
export async function keptColumnsFit(
  tx: Transaction,
  from: Relation,
  into: Relation,
  kept: readonly string[],
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const name of kept) {
    const column = into.columns.find((each) => each.name === name);
    const source = from.columns.find((each) => each.name === name);
    if (source === undefined) refusals.push(absent(from, name));
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
  return {
    check: "kept-columns-fit",
    message: `${displayName(from)} has no column ${displayIdentifier(name)} that could be kept.`,
    remedy: `Return ${displayIdentifier(name)} from the transform: take it out of keep, and name it among the columns.`,
  };
}

function unfit(
  { from, source }: { readonly from: Relation; readonly source: Column },
  { into, column }: { readonly into: Relation; readonly column: Column },
): Refusal {
  const name = displayIdentifier(column.name);
  return {
    check: "kept-columns-fit",
    message: `${name} cannot be kept: it is ${source.displayType} in ${displayName(from)} and ${column.displayType} in ${displayName(into)}.`,
    remedy: `Return ${name} from the transform: take it out of keep, and name it among the columns.`,
  };
}
