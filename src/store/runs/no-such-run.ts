import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { holderOf } from "./claim.ts";

/** The error for a run that does not exist; a process may still be at the expand steps. */
export async function noSuchRun(db: Queryable, schema: StoreSchema, name: string): Promise<UsageError> {
  const holder = await holderOf(db, schema, `steps of ${name}`);
  if (holder === null)
    return new UsageError(`There is no run "${name}".`, {
      remedy: `${didYouMean(name, await jobsWithRuns(db, schema))}\`tidefill list\` shows the jobs and the last run of each.`,
    });
  return new UsageError(
    `There is no run of ${name} yet: process ${holder.process} on ${holder.host} is running the expand steps.`,
    {
      remedy:
        "Its terminal shows what it waits for. To change something, end that process and type the command again: it continues there.",
    },
  );
}

async function jobsWithRuns(db: Queryable, schema: StoreSchema): Promise<readonly string[]> {
  const { rows } = await db.query(sql`select distinct job from ${schema.table("run")}`);
  return rows.map(({ job }) => job ?? "");
}
