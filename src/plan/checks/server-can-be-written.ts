import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

const oldestVersion = 14;

/** The server is a primary of a supported version. */
export const serverCanBeWritten: Check = async ({ tx }) => {
  const { rows } = await tx.query(sql`
    select pg_catalog.current_setting('server_version_num')::integer / 10000 as version,
      pg_catalog.pg_is_in_recovery() as standby,
      pg_catalog.current_setting('transaction_read_only') as read_only`);
  const refuse = (message: string, remedy: string) => [{ check: "server-can-be-written", message, remedy }];
  if (Number(rows[0]?.version) < oldestVersion) {
    return refuse(
      `This server is PostgreSQL ${rows[0]?.version}; tidefill needs ${oldestVersion} or later.`,
      "Upgrade the server, or run against another one.",
    );
  }
  if (rows[0]?.standby === "t") {
    return refuse(
      "This server is a standby; nothing can be written here.",
      "Pass the primary's address with --database-url.",
    );
  }
  if (rows[0]?.read_only === "on") {
    return refuse(
      "Transactions are read-only here: default_transaction_read_only is on for this role, database or server.",
      "Use a role that may write, or: alter role … set default_transaction_read_only = off;",
    );
  }
  return [];
};
