import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { holderOf } from "./claim.ts";

/** The error for a run that does not exist; a process may still be at the expand steps, or was ended there. */
export async function noSuchRun(db: Queryable, schema: StoreSchema, name: string): Promise<UsageError> {
  const holder = await holderOf(db, schema, `steps of ${name}`);
  if (holder === null) return (await endedAtSteps(db, schema, name)) ?? unknownRun(db, schema, name);
  return new UsageError(
    `There is no run of ${name} yet: process ${holder.process} on ${holder.host} is running the expand steps.`,
    {
      remedy:
        "Its terminal shows what it waits for. To change something, end that process and type the command again: it continues there.",
    },
  );
}

async function unknownRun(db: Queryable, schema: StoreSchema, name: string): Promise<UsageError> {
  return new UsageError(`There is no run "${name}".`, {
    remedy: `${didYouMean(name, await jobsWithRuns(db, schema))}\`tidefill list\` shows the jobs and the last run of each.`,
  });
}

/** The error where the job's expand steps were begun and no run followed; null where no step was. */
async function endedAtSteps(db: Queryable, schema: StoreSchema, name: string): Promise<UsageError | null> {
  const { rows } = await db.query(sql`
    select name, state
    from ${schema.table("step")}
    where job = ${name}
      and phase = 'expand'
    order by begun_at`);
  if (rows.length === 0) return null;
  const steps = rows.map((row) => `"${row.name}" (${row.state})`).join(", ");
  return new UsageError(`There is no run of ${name} yet, only its expand steps ${steps}.`, {
    remedy: `Go on with its steps, and then with its rows: tidefill run ${name}`,
  });
}

async function jobsWithRuns(db: Queryable, schema: StoreSchema): Promise<readonly string[]> {
  const { rows } = await db.query(sql`select distinct job from ${schema.table("run")}`);
  return rows.map(({ job }) => job ?? "");
}
