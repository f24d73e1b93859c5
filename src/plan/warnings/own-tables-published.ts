import { readPublicationsOf } from "../../postgres/server/published-faults.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";

/** A publication of all tables sends tidefill's too: a subscriber without them stops at their first row. */
export async function ownTablesPublished(tx: Transaction, schema: string): Promise<readonly Refusal[]> {
  const publications = await readPublicationsOf(tx, schema);
  if (publications.length === 0) return [];
  const { rows } = await tx.query(sql`
    select pg_catalog.current_setting('server_version_num')::integer >= 150000 as has_schemas`);
  const name = displayIdentifier(schema);
  return publications.map(({ publication, isWhole }) => ({
    check: "own-tables-published",
    message: `The publication ${displayIdentifier(publication)} sends ${isWhole ? "all tables" : `the schema ${name}`}, including tidefill's own: a subscriber without them stops at the first row, and its slot keeps WAL.`,
    remedy: `Publish only your own schemas: ${narrowed(publication, isWhole, name, rows[0]?.has_schemas === "t")}   -- or create tidefill's tables on the subscriber, including the undo log of each run: pg_dump --schema-only --schema=${schema} … | psql …   and there: alter subscription … refresh publication;`,
  }));
}

function narrowed(publication: string, isWhole: boolean, schema: string, hasSchemas: boolean): string {
  const own = displayIdentifier(publication);
  if (!isWhole) return `alter publication ${own} drop tables in schema ${schema};`;
  return hasSchemas
    ? `drop publication ${own}; create publication ${own} for tables in schema public;`
    : `drop publication ${own}; create publication ${own} for table …;`;
}
