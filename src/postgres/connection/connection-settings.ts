import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { osUser } from "./os-account.ts";
import { parseAddress, type Settings } from "./parse-address.ts";
import { defaultPassFile } from "./pass-file.ts";
import { readService } from "./read-service.ts";
import { requireKnown } from "./require-known.ts";
import { type SessionAttributes, sessionAttributes } from "./session-attributes.ts";
import { readTls, type TlsSettings } from "./tls.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A server to try. */
export interface Endpoint {
  /** a name, an address, or the folder of a socket */
  readonly host: string;
  readonly port: number;
  /** the address to connect to instead of resolving the host's name */
  readonly hostaddr: string | null;
}

/** All settings of a connection: from the address, a service, the environment and PostgreSQL's defaults. */
export interface ConnectionSettings {
  /** what named the database, for messages; null where nothing did */
  readonly origin: string | null;
  readonly endpoints: readonly Endpoint[];
  readonly isBalanced: boolean;
  readonly user: string;
  readonly database: string;
  /** false where the database's name is only the role's name */
  readonly isDatabaseNamed: boolean;
  readonly password: { readonly value: string; readonly from: string } | null;
  readonly passFile: string;
  readonly tls: TlsSettings;
  readonly options: string | null;
  /** the search path for each transaction; null for the role's own */
  readonly searchPath: string | null;
  readonly timeoutMs: number | null;
  readonly target: SessionAttributes;
  readonly keepAlive: boolean;
  readonly keepAliveIdleMs: number | null;
  readonly channelBinding: boolean;
}

/** libpq's environment variables, by the setting that each gives. */
const variables: Readonly<Record<string, string>> = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  load_balance_hosts: "PGLOADBALANCEHOSTS",
  channel_binding: "PGCHANNELBINDING",
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslrootcert: "PGSSLROOTCERT",
  sslcrl: "PGSSLCRL",
  ssl_min_protocol_version: "PGSSLMINPROTOCOLVERSION",
  ssl_max_protocol_version: "PGSSLMAXPROTOCOLVERSION",
};

/**
 * Reads how to connect: the address comes first, then the service that it or PGSERVICE names, then libpq's
 * variables. `DATABASE_URL` stands in for an absent address.
 * @throws UsageError for what cannot be read, or has no meaning here
 */
export function readConnection(address: string | undefined, environment: Environment): ConnectionSettings {
  const given = address ?? environment.DATABASE_URL;
  const origin = address === undefined ? "DATABASE_URL" : "the address of the database";
  const said = given === undefined ? {} : requireKnown(parseAddress(given, origin), origin);
  const service = said.service ?? (environment.PGSERVICE || undefined);
  const ofService =
    service === undefined ? {} : requireKnown(readService(service, environment), `the service ${service}`);
  const ofEnvironment = fromEnvironment(environment, said.host !== undefined || ofService.host !== undefined);
  const all = { ...ofEnvironment, ...ofService, ...said };
  const namedBy =
    given !== undefined
      ? origin
      : service !== undefined
        ? `the service ${service}`
        : ["host", "hostaddr", "port", "dbname"].some((name) => name in ofEnvironment)
          ? "PGHOST, PGPORT and PGDATABASE"
          : null;
  const from =
    "password" in said ? origin : "password" in ofService ? `the service ${service}` : "PGPASSWORD";
  return resolved(all, namedBy, from);
}

// A PGHOSTADDR in the environment does not belong to a host that is named elsewhere.
function fromEnvironment(environment: Environment, isHostNamed: boolean): Settings {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, variable]) => {
      const value = environment[variable];
      if (value === undefined || value === "" || (name === "hostaddr" && isHostNamed)) return [];
      return [[name, value]];
    }),
  );
}

function resolved(all: Settings, origin: string | null, passwordFrom: string): ConnectionSettings {
  const user = all.user ?? osUser();
  const path = all.schema === undefined ? all.search_path : `"${all.schema.replaceAll('"', '""')}"`;
  return {
    origin,
    endpoints: endpointsOf(all),
    isBalanced: oneOf(all, "load_balance_hosts", ["disable", "random"]) === "random",
    user,
    database: all.dbname ?? user,
    isDatabaseNamed: all.dbname !== undefined,
    password: all.password === undefined ? null : { value: all.password, from: passwordFrom },
    passFile: all.passfile ?? defaultPassFile(),
    tls: readTls(all),
    options: all.options ?? null,
    searchPath: path ?? null,
    timeoutMs: timeoutOf(all),
    target: oneOf(all, "target_session_attrs", sessionAttributes),
    keepAlive: all.keepalives !== "0",
    keepAliveIdleMs: all.keepalives_idle === undefined ? null : 1_000 * Number(all.keepalives_idle),
    channelBinding: oneOf(all, "channel_binding", ["prefer", "disable", "require"]) === "require",
  };
}

/** The value of a setting, which must be one of `values`; the first by default. @throws UsageError */
export function oneOf<T extends string>(settings: Settings, name: string, values: readonly T[]): T {
  const value = settings[name] ?? values[0];
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw new UsageError(`${name} has an invalid value.`, {
    remedy: `Write one of ${values.join(", ")}.`,
  });
}

// As libpq: 1 second counts as 2, and 0 means no limit.
function timeoutOf({ connect_timeout: text }: Settings): number | null {
  if (text === undefined) return null;
  const seconds = Number(text);
  if (!Number.isInteger(seconds))
    throw new UsageError("connect_timeout must be a whole number of seconds.", {
      remedy: "Write connect_timeout=10.",
    });
  return seconds <= 0 ? 0 : Math.max(2, seconds) * 1_000;
}

function endpointsOf({ host, hostaddr, port }: Settings): readonly Endpoint[] {
  const addresses = hostaddr?.split(",") ?? [];
  const hosts = host?.split(",") ?? addresses;
  if (addresses.length > 0 && addresses.length !== hosts.length) throw uneven("hostaddr", hosts.length);
  const ports = port?.split(",") ?? [];
  if (ports.length > 1 && hosts.length > 0 && ports.length !== hosts.length)
    throw uneven("port", hosts.length);
  const portAt = (index: number): number => portOf(ports[ports.length > 1 ? index : 0]);
  if (hosts.length === 0) return byDefault(portAt(0));
  return hosts.map((each, index) => ({
    host: each === "" ? (byDefault(portAt(index))[0]?.host ?? "localhost") : each,
    port: portAt(index),
    hostaddr: addresses[index] ?? null,
  }));
}

function uneven(what: string, hosts: number): UsageError {
  return new UsageError(`The list of ${what} must be as long as the list of hosts, which has ${hosts}.`, {
    remedy: "Name one for each host, or one for all.",
  });
}

function portOf(text = ""): number {
  const port = text === "" ? 5432 : Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError("The port of the database is not a number from 1 to 65535.", {
    remedy: "Write port=5432, or host:5432 in an address.",
  });
}

/** As psql: this machine's socket, where there is one. */
function byDefault(port: number): readonly Endpoint[] {
  const folder = ["/var/run/postgresql", "/tmp"].find((each) => existsSync(join(each, `.s.PGSQL.${port}`)));
  const local = { host: "localhost", port, hostaddr: null };
  return folder === undefined ? [local] : [{ ...local, host: folder }, local];
}
