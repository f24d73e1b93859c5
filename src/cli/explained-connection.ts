import { describeStop } from "../engine/leave-run.ts";
import { messageOf, TidefillError, UsageError } from "../errors.ts";
import { nameOf, type TriedConnection, triedConnection } from "../postgres/connection/connect-failure.ts";
import { poolerRefusal, sqlstateOf } from "../postgres/failure.ts";

/** A server, or a pooler before it, that answers and lets nobody in; null for any other failure. */
export function refusedConnection(thrown: unknown): TidefillError | null {
  const code = sqlstateOf(thrown);
  if (code === null || !(thrown instanceof Error)) return null;
  const pooler = poolerRefusal(thrown);
  if (pooler !== null) return refusedByPooler(thrown, pooler);
  if (code === "53300" || /no more connections allowed|query_wait_timeout/.test(thrown.message)) {
    return new TidefillError("no-connection-free", `The server has no connection free: ${words(thrown)}`, {
      cause: thrown,
      remedy:
        "Nothing was started: type the command again when others have left. --workers 1 needs the fewest; max_connections, or the role's connection limit, is what they share.",
    });
  }
  if (code === "57P03") {
    return new TidefillError("unreachable", `The server lets nobody in yet: ${words(thrown)}`, {
      cause: thrown,
      remedy: "Nothing was started: type the command again when the server is up.",
    });
  }
  const remedy = remedyOf(code, thrown, triedConnection(thrown));
  if (remedy === null) return null;
  return new TidefillError("database", `PostgreSQL answered: ${words(thrown)}`, { cause: thrown, remedy });
}

function words(thrown: Error): string {
  return describeStop(thrown);
}

function refusedByPooler(
  thrown: Error,
  { parameter, mode }: Readonly<Record<string, string | undefined>>,
): UsageError {
  const message = `The pooler answered: ${words(thrown)}`;
  if (parameter !== undefined) {
    return new UsageError(`${message}. It does not let the parameter ${parameter} through.`, {
      cause: thrown,
      remedy: `Take ${parameter === "options" ? "options= out of the address, or unset PGOPTIONS" : `${parameter} out of the address and of PGOPTIONS`}; for a search path write ?schema=name. Or give the address of the server itself.`,
    });
  }
  if (mode !== undefined) {
    return new UsageError(`${message}. It pools statements, and tidefill works in transactions.`, {
      cause: thrown,
      remedy: "Set pool_mode = transaction in the pooler, or give the address of the server itself.",
    });
  }
  return new UsageError(message, {
    cause: thrown,
    remedy: "Check the database's name in the address, and the [databases] of the pooler.",
  });
}

function remedyOf(code: string, { message }: Error, tried: TriedConnection | undefined): string | null {
  if (code === "28P01") {
    const from = tried === undefined ? "" : ` The password came from ${tried.passwordFrom}.`;
    return `Check the role and the password.${from} In an address, a character such as #, /, %, ? or @ of a password is percent-encoded (# is %23, / is %2F, % is %25).`;
  }
  if (code === "28000") return remedyOfLogin(message);
  if (code === "3D000") {
    return tried !== undefined && !tried.settings.isDatabaseNamed
      ? "The address names no database, so the one with the role's name was looked for: write postgres://…/database, or set PGDATABASE."
      : "Check the database's name in --database-url, DATABASE_URL or PGDATABASE.";
  }
  return null;
}

function remedyOfLogin(message: string): string {
  if (/not permitted to log in/.test(message)) return "An administrator lets it: alter role … login.";
  if (/[Pp]eer authentication/.test(message))
    return "The socket lets only the role in that has the account's name: name the host (localhost), or the role.";
  if (/no encryption/.test(message)) return "Write sslmode=require: the server lets in only who encrypts.";
  return "The server's pg_hba.conf does not let this role in from here.";
}

const howToName = "Give its address in --database-url, DATABASE_URL or PGHOST and PGPORT";

/** A server that does not answer. */
export function unreachable(thrown: unknown): TidefillError {
  const tried = triedConnection(thrown);
  const where = tried === undefined ? "" : ` at ${nameOf(tried.endpoint)}`;
  const isNamed = tried === undefined || tried.settings.origin !== null;
  const unnamed = "No database was named: without an address tidefill looks on this machine, as psql does. ";
  return new TidefillError(
    "unreachable",
    `The database cannot be reached${where}: ${connectMessage(thrown)}.`,
    {
      cause: thrown,
      remedy: `${isNamed ? "" : unnamed}${howToName}; or use --embedded for a database of tidefill's own.`,
    },
  );
}

// When a name has several addresses, Node gathers their errors and leaves its own message empty.
function connectMessage(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join(", ");
  return messageOf(error);
}
