import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import type { Settings } from "./parse-address.ts";

/** What is done as it says. */
const obeyed =
  words(`host hostaddr port dbname user password passfile service connect_timeout options target_session_attrs
  load_balance_hosts sslmode sslnegotiation sslcert sslkey sslpassword sslrootcert sslcrl ssl_min_protocol_version
  ssl_max_protocol_version channel_binding keepalives keepalives_idle schema search_path`);

/**
 * What changes nothing here: tidefill has a name, an encoding and limits of its own in every transaction, and prepares no
 * statement; the rest is about the pools of other clients.
 */
const moot =
  words(`application_name fallback_application_name client_encoding statement_timeout lock_timeout query_timeout
  idle_in_transaction_session_timeout keepalives_interval keepalives_count tcp_user_timeout sslcompression sslsni gssencmode
  krbsrvname gsslib gssdelegation min_protocol_version max_protocol_version uselibpqcompat pgbouncer connection_limit
  pool_timeout socket_timeout statement_cache_size`);

/** What promises something that tidefill cannot keep, or what others write otherwise, with what to write instead. */
const refused: Readonly<Record<string, string>> = {
  require_auth: "Leave it out; sslmode=verify-full makes sure of the server.",
  requirepeer: "Leave it out.",
  sslcrldir: "Name one file in sslcrl=.",
  replication: "Leave it out: tidefill wants an ordinary connection.",
  sslaccept: "Write sslmode=require, or sslmode=verify-full&sslrootcert=<file>.",
  sslidentity: "Write sslcert=<file>&sslkey=<file>.",
};

/** Names of other clients for the same things. */
const aliases: Readonly<Record<string, string>> = {
  database: "dbname",
  db: "dbname",
  username: "user",
  currentSchema: "search_path",
};

/** The settings by libpq's names, each of which means something here. @throws UsageError that names the one that does not */
export function requireKnown(settings: Settings, origin: string): Settings {
  const known: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name === "ssl") known.sslmode ??= sslmodeOf(value, origin);
    else if (obeyed.has(name)) known[name] = value;
    else if (!moot.has(name) || isImpossible(name, value)) throw unknown(name, origin);
  }
  return known;
}

/** `gssencmode=require` is the one value of those that cannot be passed over. */
function isImpossible(name: string, value: string): boolean {
  return name === "gssencmode" && value === "require";
}

// As JDBC and node-postgres write it.
function sslmodeOf(value: string, origin: string): string {
  if (/^(true|1|require)$/.test(value)) return "require";
  if (/^(false|0|disable)$/.test(value)) return "disable";
  if (value === "no-verify") return value;
  throw new UsageError(`${origin} has a value for ssl that means nothing here.`, {
    remedy: "Write sslmode=require, or sslmode=verify-full&sslrootcert=<file>.",
  });
}

function unknown(name: string, origin: string): UsageError {
  // A name with anything else in it may be a piece of a password.
  const shown = /^\w{1,40}$/.test(name) ? ` ${name}` : "";
  const remedy =
    refused[name] ??
    (aliases[name] === undefined
      ? `${didYouMean(name, [...obeyed])}Write what you meant, or leave it out; a setting of the server is written options=-c%20name%3Dvalue.`
      : `Write ${aliases[name]}=.`);
  return new UsageError(`The parameter${shown} in ${origin} means nothing to tidefill.`, { remedy });
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
