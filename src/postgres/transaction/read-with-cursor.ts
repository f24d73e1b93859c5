import type pg from "pg";
import Cursor from "pg-cursor";
import { asText } from "../sql/as-text.ts";
import type { Sql } from "../sql/sql.ts";

type TextRow = readonly (string | null)[];

/**
 * Reads a statement through a PostgreSQL cursor. `portion()` is called before each fetch for its most rows;
 * each row is an array of texts. Leaving the loop early closes the cursor, since an open portal would block
 * the connection; after an error there is nothing to close.
 */
export async function* readWithCursor(
  client: pg.PoolClient,
  statement: Sql,
  portion: () => number,
  comment = "",
): AsyncGenerator<readonly TextRow[]> {
  const { text, values } = statement.toQuery();
  const cursor = client.query(
    new Cursor<TextRow>(`${comment}${text}`, values, { rowMode: "array", types: asText }),
  );
  const loss = new ConnectionLoss(client);
  let failed = false;
  try {
    for (;;) {
      const wanted = portion();
      const rows = await loss.orDone(cursor.read(wanted)).catch((error: unknown) => {
        failed = true;
        throw error;
      });
      if (rows.length > 0) yield rows;
      if (rows.length < wanted) return;
    }
  } finally {
    try {
      if (!failed) await loss.orDone(cursor.close());
    } finally {
      loss.forget();
    }
  }
}

/** pg-cursor waits for ever when the connection ends between two of its messages; this ends the wait. */
class ConnectionLoss {
  readonly #client: pg.PoolClient;
  readonly #lost: Promise<never>;
  #listener: (error?: Error) => void = () => {};

  constructor(client: pg.PoolClient) {
    this.#client = client;
    this.#lost = new Promise<never>((_, fail) => {
      this.#listener = (error) => fail(error ?? new Error("Connection terminated while a cursor was open"));
    });
    // When it happens no caller may be waiting; the next read gets the error.
    this.#lost.catch(() => {});
    client.on("error", this.#listener);
    client.on("end", this.#listener);
  }

  orDone<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#lost]);
  }

  forget(): void {
    this.#client.off("error", this.#listener);
    this.#client.off("end", this.#listener);
  }
}
