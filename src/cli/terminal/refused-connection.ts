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

/** A server, or a pooler before it, that answers and lets nobody in; null for any other failure. */
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
        "Nothing was started: type the command again when others have left. --workers 1 needs the fewest; max_connections, or the connection limit of the role, the database or the pooler, is what they share.",
    });
  }
  if (code === "57P03") {
    return new TidefillError("unreachable", `The server lets nobody in yet: ${words}.`, {
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
      `The pooler answered: ${words}. It pools statements, and tidefill works in transactions.`,
      {
        cause: thrown,
        remedy: "Set pool_mode = transaction in the pooler, or give the address of the server itself.",
      },
    );
  }
  const parameter = refusedParameter(thrown) ?? "options";
  return new UsageError(`The pooler does not let the parameter ${parameter} through: ${words}.`, {
    cause: thrown,
    remedy: `Take ${parameter === "options" ? parameter : `${parameter} in options`} out of the address, and unset PGOPTIONS; a search path is written ?schema=name, which goes through any pooler. Or give the address of the server itself.`,
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
  const where = tried === undefined ? "" : ` at ${endpointName(tried.endpoint)}`;
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
