import type pg from "pg";
import Cursor from "pg-cursor";
import { asText } from "./connect.ts";
import type { Sql } from "./sql.ts";

type TextRow = readonly (string | null)[];

/**
 * Reads a statement through a PostgreSQL cursor, in portions of at most `portion()` rows, asked before each of them, each row an array of texts.
 * Leaving the loop early closes the cursor: a portal left open would block the connection. After an error there is
 * nothing to close, and on a broken connection waiting for it would hang.
 */
export async function* readWithCursor(
  client: pg.PoolClient,
  statement: Sql,
  portion: () => number,
): AsyncGenerator<readonly TextRow[]> {
  const { text, values } = statement.toQuery();
  const cursor = client.query(new Cursor<TextRow>(text, values, { rowMode: "array", types: asText }));
  let failed = false;
  try {
    for (;;) {
      const wanted = portion();
      const rows = await cursor.read(wanted).catch((error: unknown) => {
        failed = true;
        throw error;
      });
      if (rows.length > 0) yield rows;
      if (rows.length < wanted) return;
    }
  } finally {
    if (!failed) await cursor.close();
  }
}
