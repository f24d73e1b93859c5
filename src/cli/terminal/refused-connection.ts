import { describeStop } from "../../engine/report/describe-stop.ts";
import { messageOf, TidefillError, UsageError } from "../../errors.ts";
import {
  endpointName,
  type TriedConnection,
  triedConnection,
} from "../../postgres/connection/connect-failure.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import {
  type PoolerMeaning,
  poolerMeaning,
  refusedParameter,
} from "../../postgres/failure/pooler-meaning.ts";

/** The error of a server or pooler that answers, but refuses connections; null for any other failure. */
export function refusedConnection(thrown: unknown): TidefillError | null {
  if (!(thrown instanceof Error)) return null;
  const meaning = poolerMeaning(thrown);
  const code = meaning === null ? sqlstateOf(thrown) : (codes[meaning] ?? null);
  if (meaning === "parameter" || meaning === "statement pooling") return refusedByPooler(thrown, meaning);
  const words = describeStop(thrown);
  if (code === "53300") {
    return new TidefillError("no-connection-free", `The server has no connection free: ${words}.`, {
      cause: thrown,
      remedy:
        "Nothing was started: type the command again when other sessions have ended. --workers 1 needs the fewest connections; the limit is max_connections, or that of the role, the database or the pooler.",
    });
  }
  if (code === "57P03") {
    return new TidefillError("unreachable", `The server does not accept connections yet: ${words}.`, {
      cause: thrown,
      remedy: "Nothing was started: type the command again when the server is up.",
    });
  }
  const remedy = code === null ? null : remedyOf(code, thrown, triedConnection(thrown));
  if (remedy === null) return null;
  return new TidefillError("database", `PostgreSQL answered: ${words}`, { cause: thrown, remedy });
}

/** What PostgreSQL itself would have answered. */
const codes: Readonly<Partial<Record<PoolerMeaning, string>>> = {
  "no database": "3D000",
  login: "28P01",
  connections: "53300",
};

function refusedByPooler(thrown: Error, meaning: PoolerMeaning): UsageError {
  const words = describeStop(thrown);
  if (meaning === "statement pooling") {
    return new UsageError(
      `The pooler answered: ${words}. It pools statements, but tidefill works in transactions.`,
      {
        cause: thrown,
        remedy: "Set pool_mode = transaction in the pooler, or give the address of the server itself.",
      },
    );
  }
  const parameter = refusedParameter(thrown) ?? "options";
  return new UsageError(`The pooler does not accept the parameter ${parameter}: ${words}.`, {
    cause: thrown,
    remedy: `Remove ${parameter === "options" ? parameter : `${parameter} in options`} from the address, and unset PGOPTIONS; write a search path as ?schema=name, which any pooler accepts. Or give the address of the server itself.`,
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
      ? "The address names no database, so tidefill tried the one with the role's name: write postgres://…/database, or set PGDATABASE."
      : "Check the database's name in --database-url, DATABASE_URL or PGDATABASE.";
  }
  return null;
}

function remedyOfLogin(message: string): string {
  if (/^role ".*" does not exist$/s.test(message))
    return "Check the role's name in --database-url, DATABASE_URL or PGUSER.";
  if (/not permitted to log in/.test(message)) return "Ask an administrator to allow it: alter role … login.";
  if (/[Pp]eer authentication/.test(message))
    return "The socket accepts only the role with your account's name: name the host (localhost), or that role.";
  if (/no encryption/.test(message))
    return "Write sslmode=require: the server accepts only encrypted connections.";
  return "The server's pg_hba.conf does not allow this role to connect from here.";
}

const howToName = "Give its address in --database-url, DATABASE_URL or PGHOST and PGPORT";

/** A server that does not answer. */
export function unreachable(thrown: unknown): TidefillError {
  const tried = triedConnection(thrown);
  const where = tried === undefined ? "" : ` at ${endpointName(tried.endpoint)}`;
  const isNamed = tried === undefined || tried.settings.origin !== null;
  const unnamed = "No database was named: without an address tidefill looks on this machine, as psql does. ";
  return new TidefillError(
    "unreachable",
    `The database cannot be reached${where}: ${connectMessage(thrown)}.`,
    {
      cause: thrown,
      remedy: isNamed
        ? `Once the server is up, type the command again. Another address: --database-url, DATABASE_URL, or PGHOST and PGPORT`
        : `${unnamed}${howToName}; or use --embedded for a database of tidefill's own.`,
    },
  );
}

// When a name has several addresses, Node gathers their errors and leaves its own message empty.
function connectMessage(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join(", ");
  return messageOf(error);
}
