import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";

/** The keys that a query returns in its column `key`, each as a JSON array of texts. */
export async function readKeys(tx: Transaction, statement: Sql): Promise<readonly KeyText[]> {
  const { rows } = await tx.query(statement);
  return rows.map(({ key }) => JSON.parse(key ?? "[]") as KeyText);
}
