import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

export type StepPhase = "expand" | "contract";

/** For `begun` and `undoing`, only the catalogue knows how far the step is. */
type StepState = "begun" | "done" | "undoing";

/** Identifies a step of a job. */
export interface StepKey {
  readonly job: string;
  readonly phase: StepPhase;
  readonly name: string;
}

/** What the store keeps of a step. */
export interface StepEntry extends StepKey {
  /** hash of what it was made of */
  readonly definition: string;
  /** what the undo needs; null where it needs nothing */
  readonly before: string | null;
  /** it existed before the job: no undo may remove it */
  readonly wasThere: boolean;
}

export interface KnownStep extends StepEntry {
  readonly state: StepState;
}

/** The steps that are begun, done, or being undone. */
export class Steps {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Notes that a step is about to change the schema. What is kept for its undo stays as first noted. */
  async begin(db: Queryable, { job, phase, name, definition, before, wasThere }: StepEntry): Promise<void> {
    await db.query(sql`
      insert into ${this.#schema.table("step")} as known (job, phase, name, definition, before, was_there, state)
      values (${job}, ${phase}, ${name}, ${definition}, ${before}, ${wasThere}, 'begun')
      on conflict (job, phase, name) do update
      set state = excluded.state
      where known.state = 'undoing'`);
  }

  /** Marks a step as done; returns whether it was not yet. Waits for a transaction that also marks it. */
  async enter(
    db: Queryable,
    { job, phase, name, definition, before, wasThere }: StepEntry,
  ): Promise<boolean> {
    const { count } = await db.query(sql`
      insert into ${this.#schema.table("step")} as known (job, phase, name, definition, before, was_there, state)
      values (${job}, ${phase}, ${name}, ${definition}, ${before}, ${wasThere}, 'done')
      on conflict (job, phase, name) do update
      set definition = excluded.definition,
        state = excluded.state
      where known.state <> 'done'`);
    return count > 0;
  }

  /** Notes that a step is about to be undone: from then on it no longer counts as done. */
  async beginBack(db: Queryable, { job, phase, name }: StepKey): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("step")}
      set state = 'undoing'
      where job = ${job}
        and phase = ${phase}
        and name = ${name}
        and state = 'done'`);
  }

  /**
   * Whether a step is in one of these states; inside a transaction it stays so until the transaction ends.
   * Waits for the backend of a killed process that may still commit a change of the step.
   */
  async hold(
    db: Queryable,
    { job, phase, name }: StepKey,
    states: readonly KnownStep["state"][],
  ): Promise<boolean> {
    const { rows } = await db.query(sql`
      select state
      from ${this.#schema.table("step")}
      where job = ${job}
        and phase = ${phase}
        and name = ${name}
      for update`);
    return states.some((state) => state === rows[0]?.state);
  }

  /** Deletes a step that was undone. */
  async strike(db: Queryable, { job, phase, name }: StepKey): Promise<boolean> {
    const { count } = await db.query(sql`
      delete from ${this.#schema.table("step")}
      where job = ${job}
        and phase = ${phase}
        and name = ${name}`);
    return count > 0;
  }

  /** The steps of a job that are begun, done, or being undone; of all jobs when none is named. */
  async known(db: Queryable, job: string | null = null): Promise<KnownStep[]> {
    const { rows } = await db.query(sql`
      select job, phase, name, definition, before, was_there, state
      from ${this.#schema.table("step")}
      where ${job}::text is null
        or job = ${job}::text
      order by job, begun_at`);
    return rows.map((row) => ({
      job: row.job ?? "",
      phase: row.phase as StepPhase,
      name: row.name ?? "",
      definition: row.definition ?? "",
      before: row.before ?? null,
      wasThere: row.was_there === "t",
      state: row.state as StepState,
    }));
  }
}
