// What the loops by hand share: sessions that take ranges of 4,000 ids, one after the other.
import pg from "pg";

const step = 4_000;

/** A client of the database that the command line names. */
export async function connect() {
  const client = new pg.Client({ connectionString: process.argv[2] });
  await client.connect();
  return client;
}

/** Does all ranges up to `last` in several sessions. `doRange` gets a client and the bounds, and returns its rows. */
export async function everyRange(sessions, last, doRange) {
  let next = 0;
  let written = 0;
  const session = async () => {
    const client = await connect();
    while (next < last) {
      const after = next;
      next += step;
      const rows = await doRange(client, [after, after + step]);
      written += rows;
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: sessions }, session));
  return written;
}
