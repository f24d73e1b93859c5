import type { JobState } from "../engine/state/job-state.ts";
import type { Database } from "../postgres/transaction/database.ts";
import type { Store } from "../store/store.ts";

/** A problem, and what to type. */
export interface Finding {
  /** stable, for programs: `failed-job` */
  readonly code: string;
  /** null where it concerns no job */
  readonly job: string | null;
  readonly message: string;
  readonly remedy: string;
}

/** What an examination looks at. */
export interface Examined {
  readonly db: Database;
  /** null where tidefill has never run in this database */
  readonly store: Store | null;
  readonly states: readonly JobState[];
  /** the states of all jobs of the folder */
  readonly all: readonly JobState[];
}

/** Looks at one kind of problem; it writes nothing. */
export type Examination = (examined: Examined) => Promise<readonly Finding[]>;
