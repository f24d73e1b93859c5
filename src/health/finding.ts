import type { JobState } from "../engine/state/job-state.ts";
import type { Database } from "../postgres/transaction/database.ts";
import type { Store } from "../store/store.ts";

/** Something that is not as it should be, and what to type. */
export interface Finding {
  /** stable, for programs: `failed-job` */
  readonly code: string;
  /** null where it is no job's */
  readonly job: string | null;
  readonly message: string;
  readonly remedy: string;
}

/** What is looked at. */
export interface Examined {
  readonly db: Database;
  /** null where tidefill has never run in this database */
  readonly store: Store | null;
  readonly states: readonly JobState[];
  /** those of the whole folder, among which these are */
  readonly all: readonly JobState[];
}

/** One thing that is looked at; it writes nothing. */
export type Examination = (examined: Examined) => Promise<readonly Finding[]>;
