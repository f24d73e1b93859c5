// What the loops by hand share: sessions that take ranges of 4,000 ids, one after the other.
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** The pace of a loop that nothing limits. */
const unlimited = { step: 4_000, rowsPerSecond: Number.POSITIVE_INFINITY };

/** A client of the database that the command line names. */
export async function connect() {
  const client = new pg.Client({ connectionString: process.argv[2] });
  await client.connect();
  return client;
}

/**
 * Does all ranges up to `last` in several sessions. `doRange` gets a client and the bounds, and returns its rows.
 * A pace has the ids of a range, and how many rows a second all sessions together may do.
 */
export async function everyRange(sessions, last, doRange, { step, rowsPerSecond } = unlimited) {
  let next = 0;
  let written = 0;
  let due = performance.now();
  const session = async () => {
    const client = await connect();
    while (next < last) {
      const after = next;
      next += step;
      const rows = await doRange(client, [after, after + step]);
      written += rows;
      due = Math.max(due, performance.now() - 1_000) + (1_000 * step) / rowsPerSecond;
      if (due > performance.now()) await delay(due - performance.now());
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: sessions }, session));
  return written;
}
