import pg from "pg";
import { describeStop } from "../engine/leave-run.ts";
import { messageOf, TidefillError } from "../errors.ts";
import { isConnectionLoss } from "../postgres/failure.ts";

const remedies: Readonly<Record<string, string>> = {
  "28P01": "Check the user and the password in --database-url, DATABASE_URL or PGPASSWORD.",
  "28000": "The server's pg_hba.conf does not let this role in from here.",
  "3D000": "Check the database's name in --database-url, DATABASE_URL or PGDATABASE.",
  "42501": "Grant the role what it lacks; `tidefill schema print` shows the tables that tidefill keeps.",
  "53300": "The server has no connection free; use fewer --workers, or a pooler.",
};

/** Whatever was thrown, as an error that says what happened and what to do. */
export function explained(thrown: unknown): TidefillError {
  if (thrown instanceof TidefillError) return thrown;
  if (thrown instanceof pg.DatabaseError) {
    const remedy = remedies[thrown.code ?? ""];
    return new TidefillError("database", `PostgreSQL answered: ${describeStop(thrown)}`, {
      cause: thrown,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  if (isConnectionLoss(thrown)) {
    return new TidefillError("unreachable", `The database cannot be reached: ${connectMessage(thrown)}.`, {
      cause: thrown,
      remedy:
        "Give its address in --database-url, DATABASE_URL or PGHOST and PGPORT; or use --embedded for a database of tidefill's own.",
    });
  }
  return new TidefillError("unexpected", messageOf(thrown), { cause: thrown });
}

// When a name has several addresses, Node gathers their errors and leaves its own message empty.
function connectMessage(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join(", ");
  return messageOf(error);
}
