import type { Readable, Writable } from "node:stream";
import type pg from "pg";
import { from, to } from "pg-copy-streams";
import { sqlstateOf } from "../failure/failure.ts";
import type { Sql } from "../sql/sql.ts";

/** Passes what a `copy … to stdout` sends to `consume`, which reads it to its end. */
export async function copyOut(
  client: pg.PoolClient,
  statement: Sql,
  consume: (rows: Readable) => Promise<void>,
): Promise<void> {
  const stream = client.query(to(textOf(statement)));
  await untilDone(client, stream, () => consume(stream));
  if (!stream.readableEnded) await abandon(client, new Error("A copy was not read to its end."));
}

/** Passes to `produce` the stream of a `copy … from stdin`, for it to end. Resolves when the rows are in. */
export async function copyIn(
  client: pg.PoolClient,
  statement: Sql,
  produce: (rows: Writable) => Promise<void>,
): Promise<void> {
  const stream = client.query(from(textOf(statement)));
  await untilDone(client, stream, () => produce(stream));
  if (!stream.writableFinished) await abandon(client, new Error("A copy was not written to its end."));
}

async function untilDone(
  client: pg.PoolClient,
  stream: Readable | Writable,
  work: () => Promise<void>,
): Promise<void> {
  // The database may still report an error after the stream has ended; the next statement gets it.
  stream.on("error", () => {});
  await work().catch((error: unknown) =>
    sqlstateOf(error) === null ? abandon(client, error) : Promise.reject(error),
  );
}

// `work` failed, and the connection is in the middle of the copy: it can only be closed.
async function abandon(client: pg.PoolClient, error: unknown): Promise<never> {
  await (client as unknown as pg.Client).end().catch(() => {});
  throw error;
}

function textOf(statement: Sql): string {
  const { text, values } = statement.toQuery();
  if (values.length > 0) throw new Error("A copy takes no parameters.");
  return text;
}
