import type { PageTarget } from "../../page/read/page-sources.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { Database } from "../../postgres/transaction/database.ts";
import type { Session } from "../../store/session.ts";
import { Store } from "../../store/store.ts";

/** A page must never weigh on a database: its statements are short, and it has two connections. */
const limits = { statementMs: 2_000, lockMs: 1_000, idleMs: 2_000, wholeMs: 6_000 };
const connectMs = 2_000;
/** A connection that no tab needs is closed soon. */
const idleMs = 10_000;

/** Where a target is, for pages and for buttons. */
export interface PageAddress {
  readonly name: string;
  readonly viewer: Address;
  readonly operator: Address | null;
  readonly schema: string;
}

/** A target for pages: it reads in read-only transactions, and steers by its second address. */
export function openPageTarget({ name, viewer, operator, schema }: PageAddress): PageTarget & {
  /** the same without read-only transactions: a plan tells whether its role could write */
  readonly planning: Session;
  readonly close: () => Promise<void>;
} {
  const open = (address: Address): Database =>
    new Database(
      createPool({
        ...address,
        applicationName: "tidefill serve",
        maxConnections: 2,
        connectionTimeoutMs: connectMs,
        idleTimeoutMs: idleMs,
      }),
      {},
      limits,
    );
  const reading = open(viewer);
  const steering = operator === null ? null : open(operator);
  return {
    name,
    session: { db: reading.withSettings({ transaction_read_only: "on" }), store: new Store(schema) },
    planning: { db: reading, store: new Store(schema) },
    operator: steering === null ? null : { db: steering, store: new Store(schema) },
    close: async () => {
      await Promise.allSettled([reading.close(), steering?.close()]);
    },
  };
}
