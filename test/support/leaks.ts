import type { TestDatabase } from "./database.ts";
import { until } from "./until.ts";

const watched = new Set<TestDatabase>();
let expected = false;

export function watchForLeaks(database: TestDatabase): void {
  watched.add(database);
}

export function forgetLeaks(database: TestDatabase): void {
  watched.delete(database);
}

/** Called in a test that leaves connections of tidefill open on purpose. */
export function expectOpenConnections(): void {
  expected = true;
}

/** Called before each test: none may leave connections open until it says so. */
export function expectNoConnections(): void {
  expected = false;
}

/** Called after each test. @throws when a connection of tidefill is still open */
export async function requireNoLeaks(): Promise<void> {
  if (expected) return;
  for (const database of watched) await requireNoConnections(database);
}

async function requireNoConnections(database: TestDatabase): Promise<void> {
  let open: Record<string, unknown>[] = [];
  const none = async (): Promise<boolean> => {
    open = await database.query(`
      select pid, application_name, state, left(query, 100) as query
      from pg_stat_activity
      where datname = current_database()
        and application_name like 'tidefill%'`);
    return open.length === 0;
  };
  // A backend needs a moment to notice that its client has gone.
  await until(none, { describe: "no connections", timeoutMs: 5_000 }).catch(async (cause) => {
    // Ends them so that only the faulty test fails.
    await database.query("select pg_terminate_backend(pid) from unnest($1::integer[]) as pid", [
      open.map(pidOf),
    ]);
    throw new Error(`The test left connections open: ${JSON.stringify(open)}`, { cause });
  });
}

function pidOf(backend: Record<string, unknown>): unknown {
  return backend.pid;
}
