import pg from "pg";
import { describeStop } from "../../engine/report/describe-stop.ts";
import { messageOf, TidefillError } from "../../errors.ts";
import { isConnectionLoss } from "../../postgres/failure/failure.ts";
import { refusedConnection, unreachable } from "./refused-connection.ts";

const remedies: Readonly<Record<string, string>> = {
  "42501": "Grant the role what it lacks; `tidefill schema print` shows the tables that tidefill keeps.",
  "55P03":
    "Another session holds a lock on the table. See which: select pid, usename, state, xact_start from pg_stat_activity order by xact_start; then type the command again.",
};

/** Anything that was thrown, as an error that says what happened and what to do. */
export function toTidefillError(thrown: unknown): TidefillError {
  if (thrown instanceof TidefillError) return thrown;
  const refused = refusedConnection(thrown);
  if (refused !== null) return refused;
  if (thrown instanceof pg.DatabaseError) {
    const remedy = remedies[thrown.code ?? ""];
    return new TidefillError("database", `PostgreSQL answered: ${describeStop(thrown)}`, {
      cause: thrown,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  if (isConnectionLoss(thrown)) return unreachable(thrown);
  return new TidefillError("unexpected", messageOf(thrown), { cause: thrown });
}
