import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import type { Settings } from "./parse-address.ts";

/** Settings that tidefill obeys. */
const obeyed =
  words(`host hostaddr port dbname user password passfile service connect_timeout options target_session_attrs
  load_balance_hosts sslmode sslnegotiation sslcert sslkey sslpassword sslrootcert sslcrl ssl_min_protocol_version
  ssl_max_protocol_version channel_binding keepalives keepalives_idle schema search_path`);

/**
 * Settings without effect here: tidefill sets its own name, encoding and limits in every transaction and
 * prepares no statement. The rest concerns the pools of other clients.
 */
const moot =
  words(`application_name fallback_application_name client_encoding statement_timeout lock_timeout query_timeout
  idle_in_transaction_session_timeout keepalives_interval keepalives_count tcp_user_timeout sslcompression sslsni gssencmode
  krbsrvname gsslib gssdelegation min_protocol_version max_protocol_version uselibpqcompat pgbouncer connection_limit
  pool_timeout socket_timeout statement_cache_size`);

/** Settings that tidefill cannot keep, or that have another name in libpq, each with the remedy. */
const refused: Readonly<Record<string, string>> = {
  require_auth: "Leave it out; sslmode=verify-full makes sure of the server.",
  requirepeer: "Leave it out.",
  sslcrldir: "Name one file in sslcrl=.",
  replication: "Leave it out: tidefill needs an ordinary connection.",
  sslaccept: "Write sslmode=require, or sslmode=verify-full&sslrootcert=<file>.",
  sslidentity: "Write sslcert=<file>&sslkey=<file>.",
};

/** The names that other clients use for libpq's settings. */
const aliases: Readonly<Record<string, string>> = {
  database: "dbname",
  db: "dbname",
  username: "user",
  currentSchema: "search_path",
};

/** The settings by libpq's names, all of them known. @throws UsageError that names an unknown one */
export function requireKnown(settings: Settings, origin: string): Settings {
  const known: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name === "ssl") known.sslmode ??= sslmodeOf(value, origin);
    else if (obeyed.has(name)) known[name] = value;
    else if (!moot.has(name) || isImpossible(name, value)) throw unknown(name, origin);
  }
  return known;
}

/** `gssencmode=require` is the only one of those settings that must not be ignored. */
function isImpossible(name: string, value: string): boolean {
  return name === "gssencmode" && value === "require";
}

// `ssl=` as JDBC and node-postgres write it.
function sslmodeOf(value: string, origin: string): string {
  if (/^(true|1|require)$/.test(value)) return "require";
  if (/^(false|0|disable)$/.test(value)) return "disable";
  if (value === "no-verify") return value;
  throw new UsageError(`${origin} has an unknown value for ssl.`, {
    remedy: "Write sslmode=require, or sslmode=verify-full&sslrootcert=<file>.",
  });
}

function unknown(name: string, origin: string): UsageError {
  // A name with any other character may be part of a password.
  const shown = /^\w{1,40}$/.test(name) ? ` ${name}` : "";
  const remedy =
    refused[name] ??
    (aliases[name] === undefined
      ? `${didYouMean(name, [...obeyed])}Write what you meant, or leave it out; a setting of the server is written options=-c%20name%3Dvalue.`
      : `Write ${aliases[name]}=.`);
  return new UsageError(`The parameter${shown} in ${origin} is unknown to tidefill.`, { remedy });
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
