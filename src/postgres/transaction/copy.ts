import type { Readable, Writable } from "node:stream";
import type pg from "pg";
import { from, to } from "pg-copy-streams";
import { sqlstateOf } from "../failure/failure.ts";
import type { Sql } from "../sql/sql.ts";

/** Hands what a `copy … to stdout` sends to `consume`, which reads it to its end. */
export async function copyOut(
  client: pg.PoolClient,
  statement: Sql,
  consume: (rows: Readable) => Promise<void>,
): Promise<void> {
  const stream = client.query(to(textOf(statement)));
  await untilDone(client, stream, () => consume(stream));
  if (!stream.readableEnded) await abandon(client, new Error("A copy was not read to its end."));
}

/** Hands `produce` what a `copy … from stdin` reads; whoever writes ends it. Resolves when the rows are in. */
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
  // The database may still answer with an error when the stream has ended; the next statement is told.
  stream.on("error", () => {});
  await work().catch((error: unknown) =>
    sqlstateOf(error) === null ? abandon(client, error) : Promise.reject(error),
  );
}

// The other end failed, and the connection stands amid the copy: it can only be closed.
async function abandon(client: pg.PoolClient, error: unknown): Promise<never> {
  await (client as unknown as pg.Client).end().catch(() => {});
  throw error;
}

function textOf(statement: Sql): string {
  const { text, values } = statement.toQuery();
  if (values.length > 0) throw new Error("A copy takes no parameters.");
  return text;
}
