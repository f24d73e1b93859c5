import { TidefillError, UsageError } from "../../errors.ts";
import { ownTarget } from "../queue/item.ts";
import { loadPgBoss } from "../queue/pg-boss.ts";
import { dbOfClient, hasTables, type QueryingClient } from "../queue/queue.ts";
import { queueSchema } from "../queue/queue-tables.ts";
import { enqueueOrder } from "./enqueue-order.ts";

/** What `enqueue` sends. */
export interface EnqueueOptions {
  readonly job: string;
  /** a name of `tidefill.targets.ts`; the workers' own database when absent */
  readonly target?: string | undefined;
  /** the group of the target in `tidefill.targets.ts`; the target's name when absent */
  readonly group?: string | undefined;
  /** as texts, as `--param` takes them; never values of persons, since items lie in another database */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** how many processes of the fleet work on it; 1 when absent */
  readonly machines?: number | undefined;
  /** before this moment no worker begins */
  readonly at?: Date | undefined;
  /** items with a higher number are taken first; 0 when absent */
  readonly priority?: number | undefined;
  /** run the job even if it has succeeded before */
  readonly again?: boolean | undefined;
}

/**
 * Hands a job to the fleet, within the caller's transaction: when that is rolled back, nothing was sent.
 * Returns how many items were sent: 0 when the same job and target wait or are worked on already.
 * @throws UsageError for a wrong number; TidefillError while the queue's tables are missing
 */
export async function enqueue(client: QueryingClient, options: EnqueueOptions): Promise<number> {
  const {
    job,
    target = ownTarget,
    group,
    parameters = {},
    machines = 1,
    at,
    priority = 0,
    again = false,
  } = options;
  if (!Number.isInteger(machines) || machines < 1)
    throw new UsageError(`\`machines\` must be a whole number from 1, got ${String(machines)}.`);
  const db = dbOfClient(client);
  if (!(await hasTables(db)))
    throw new TidefillError("queue-missing", "The tables of the queue are not in this database.", {
      remedy: "tidefill schema install --queue   installs them where TIDEFILL_QUEUE_URL says",
    });
  const { PgBoss } = await loadPgBoss();
  const boss = new PgBoss({
    db,
    schema: queueSchema,
    supervise: false,
    schedule: false,
    migrate: false,
    registerInstance: false,
  });
  boss.on("error", () => {});
  await boss.start();
  try {
    const order = { action: "run", job, parameters, again, machines, priority, code: null } as const;
    const named = { name: target, url: "", ...(group === undefined ? {} : { group }) };
    return (await enqueueOrder(boss, db, { order, targets: [named] }, { startAfter: at })).sent;
  } finally {
    await boss.stop({ graceful: false, close: false });
  }
}
