import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import type { StoreSchema } from "./schema.ts";

export type StepPhase = "expand" | "contract";

/** Which step of which job. */
export interface StepKey {
  readonly job: string;
  readonly phase: StepPhase;
  readonly name: string;
}

export interface DoneStep extends StepKey {
  /** hash of what it was made of */
  readonly definition: string;
  /** what the way back needs; null where it needs nothing */
  readonly before: string | null;
}

/** The steps that are done. */
export class Steps {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Enters a step as done; answers whether it was not yet. In a transaction it waits for whoever is about to enter it too. */
  async enter(db: Queryable, { job, phase, name, definition, before }: DoneStep): Promise<boolean> {
    const { count } = await db.query(sql`
      insert into ${this.#schema.table("step")} (job, phase, name, definition, before)
      values (${job}, ${phase}, ${name}, ${definition}, ${before})
      on conflict (job, phase, name) do nothing`);
    return count > 0;
  }

  /** Strikes a step out, since it was taken back. */
  async strike(db: Queryable, { job, phase, name }: StepKey): Promise<boolean> {
    const { count } = await db.query(sql`
      delete from ${this.#schema.table("step")}
      where job = ${job}
        and phase = ${phase}
        and name = ${name}`);
    return count > 0;
  }

  /** The steps of a job that are done; of all jobs when none is named. */
  async done(db: Queryable, job: string | null = null): Promise<DoneStep[]> {
    const { rows } = await db.query(sql`
      select job, phase, name, definition, before
      from ${this.#schema.table("step")}
      where ${job}::text is null
        or job = ${job}::text
      order by job, done_at`);
    return rows.map((row) => ({
      job: row.job ?? "",
      phase: row.phase as StepPhase,
      name: row.name ?? "",
      definition: row.definition ?? "",
      before: row.before ?? null,
    }));
  }
}
