import { UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { RejectLimit } from "../../job/definition/reject-limit.ts";
import { type Duration, parseDuration } from "../../job/pace/duration.ts";
import { checkPace, type RunPace } from "../../job/pace/pace.ts";
import { withoutPassword } from "../../postgres/connection/address.ts";
import { type Address, createPool } from "../../postgres/connection/create-pool.ts";
import { Database } from "../../postgres/transaction/database.ts";
import type { StepListener } from "../../steps/step-events.ts";
import { Store } from "../../store/store.ts";
import type { EventListener } from "../report/events.ts";
import { defaultWorkers, spareConnections } from "./default-workers.ts";
import type { Participation } from "./participation.ts";
import type { InTest } from "./test-mode.ts";

/** How to reach the database, and how this process works. */
export interface WorkOptions extends Address {
  /** the schema of tidefill's own tables; `tidefill` when absent */
  readonly schema?: string | undefined;
  /** ranges that each process works on at a time, each on a connection of its own; as the run has it, or 4, when absent */
  readonly workers?: number | undefined;
  /** when the run may work, as `"22:00-06:00 Europe/Berlin"`; as the run or the job has it when absent */
  readonly window?: string | undefined;
  /** leave instead of waiting where the window is closed */
  readonly exitWhenClosed?: boolean | undefined;
  /** leave at this moment */
  readonly until?: Date | undefined;
  /** standbys that must keep up: by `application_name`, or as `postgres://…`; those that stream from here when absent */
  readonly replicas?: readonly string[] | undefined;
  /** how long a worker that vanished keeps its range; 10 seconds when absent */
  readonly lease?: Duration | undefined;
  /** ends the current batches and gives the leases back */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EventListener | readonly EventListener[] | undefined;
  /** hears of the steps before and after the rows */
  readonly onStep?: StepListener | undefined;
  /** hashes of the files that the job was made of, by name; the command line gives them */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** rejects after which the run stops; the job's own limit when absent */
  readonly rejectLimit?: RejectLimit | undefined;
  /** opens and closes the undo logs of jobs about persons; `TIDEFILL_UNDO_KEY` of the environment when absent */
  readonly undoKey?: string | undefined;
  /** for tests of a job: a few rows make several batches, and nothing holds the run back */
  readonly inTest?: InTest | undefined;
}

const defaultLease = "10s";

/** Connects for `work`, with a connection for each worker and some to spare. */
export async function withDatabase<T>(
  name: string,
  options: WorkOptions,
  work: (db: Database, store: Store) => Promise<T>,
): Promise<T> {
  const pool = createPool({
    connectionString: options.connectionString,
    password: options.password,
    applicationName: `tidefill ${name}`,
    maxConnections: (paceOf(options).workers ?? defaultWorkers) + spareConnections,
  });
  const db = new Database(pool);
  try {
    return await work(db, new Store(options.schema));
  } finally {
    // A connection that hangs is not waited for.
    await Promise.race([db.close(), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
  }
}

/** How this process takes part, out of its options. @throws UsageError */
export function participation(options: WorkOptions, isResumed: boolean): Participation {
  const { onEvent = [], replicas = [], exitWhenClosed = false, until, inTest = null } = options;
  paceOf(options);
  return {
    leaseMs: leaseOf(options),
    isResumed,
    signal: options.signal,
    listeners: typeof onEvent === "function" ? [onEvent] : onEvent,
    replicas,
    exitWhenClosed,
    until,
    inTest,
  };
}

function leaseOf({ lease = defaultLease }: WorkOptions): number {
  const milliseconds = parseDuration(lease);
  if (milliseconds >= 500 && milliseconds <= 3_600_000) return milliseconds;
  throw new UsageError(`A lease must last from 500ms to 1h, got ${lease}.`, {
    remedy: "Shorter takes over sooner from a worker that vanished; 10s suits most.",
  });
}

/** The pace that a new run has. It keeps its job's window, so that whoever asks how it is need not have the job's file. @throws UsageError */
export function paceOfNew({ pace: { window } }: Job, options: WorkOptions): RunPace {
  return { ...(window === undefined ? {} : { window }), ...paceOf(options) };
}

/** What the options say about the pace; it belongs to the run from then on. @throws UsageError */
export function paceOf({ workers, window, replicas = [] }: WorkOptions): RunPace {
  return checkPace({
    ...(workers === undefined ? {} : { workers }),
    ...(window === undefined ? {} : { window }),
    ...(replicas.length === 0 ? {} : { replica: replicas.map(withoutPassword) }),
  });
}
