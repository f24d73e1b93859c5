import { UsageError } from "../../errors.ts";

// SQLAlchemy and other libraries append their driver after a plus.
const scheme = /^postgres(?:ql)?(?:\+\w+)?:\/\//i;

/** Whether an address is written as `postgres://…`. */
export function isUri(text: string): boolean {
  return scheme.test(text);
}

/** The parts of `postgres://user:password@host:port,host:port/database?parameters`, not decoded. */
interface Parts {
  readonly user: string;
  readonly password: string;
  readonly hosts: string;
  readonly database: string;
  readonly query: string;
}

/** Reads an address as libpq does; a password may contain unescaped `#` and `@`. @throws UsageError */
export function parseUri(text: string, origin: string): Readonly<Record<string, string>> {
  const parts = partsOf(text.replace(scheme, ""), origin);
  const { hosts, ports } = readHosts(parts.hosts, origin);
  const read: Record<string, string> = {
    user: decoded(parts.user, origin),
    password: decoded(parts.password, origin),
    host: hosts.map((host) => decoded(host, origin)).join(","),
    port: ports.every((port) => port === "") ? "" : ports.join(","),
    dbname: decoded(parts.database, origin),
    ...readQuery(parts.query, origin),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== ""));
}

/** The same address without its password and its parameters, which may also hold one. @throws UsageError */
export function uriWithoutPassword(text: string, origin: string): string {
  const [begin = ""] = text.match(scheme) ?? [];
  const { user, hosts, database } = partsOf(text.slice(begin.length), origin);
  return `${begin}${user === "" ? "" : `${user}@`}${hosts}${database === "" ? "" : `/${database}`}`;
}

function partsOf(rest: string, origin: string): Parts {
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const [path = "", query = ""] = (end < 0 ? "" : rest.slice(end)).split(/\?(.*)/s);
  const at = authority.lastIndexOf("@");
  // An @ after the first / or ? belongs to a password that contains one of them.
  if (at < 0 && (path.includes("@") || (query.includes("@") && !isHostList(authority))))
    throw unreadablePassword(origin);
  const [user = "", password = ""] = at < 0 ? [] : authority.slice(0, at).split(/:(.*)/s);
  return { user, password, hosts: authority.slice(at + 1), database: path.slice(1), query };
}

const hostAndPort = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/;

function isHostList(text: string): boolean {
  return text.split(",").every((each) => hostAndPort.test(each));
}

function readHosts(
  text: string,
  origin: string,
): { readonly hosts: readonly string[]; readonly ports: readonly string[] } {
  const each = text.split(",").map((one) => one.match(hostAndPort));
  if (each.some((match) => match === null)) {
    throw new UsageError(`The host and the port in ${origin} cannot be read.`, {
      remedy: `Write host:5432, an IPv6 address as [::1]:5432, several as a:5432,b:5432. ${encodeAdvice}`,
    });
  }
  return {
    hosts: each.map((match) => (match?.[1] ?? "").replace(/^\[(.*)\]$/, "$1")),
    ports: each.map((match) => match?.[2] ?? ""),
  };
}

function readQuery(query: string, origin: string): Record<string, string> {
  const read: Record<string, string> = {};
  for (const part of query.split("&").filter((each) => each !== "")) {
    const [name = "", value] = part.split(/=(.*)/s);
    if (value === undefined) {
      throw new UsageError(`A parameter of ${origin} has no value.`, {
        remedy: `Write name=value pairs after the ?, joined by &. ${encodeAdvice}`,
      });
    }
    read[decoded(name, origin)] = decoded(value, origin);
  }
  return read;
}

function decoded(text: string, origin: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Without the cause: its message is harmless, but its stack shows the text in some versions of Node.
    throw unreadablePassword(origin);
  }
}

const encodeAdvice =
  "If these are characters of a password, percent-encode them there (% is %25, / is %2F, ? is %3F, # is %23, @ is %40, : is %3A), or leave the password out and set PGPASSWORD.";

function unreadablePassword(origin: string): UsageError {
  return new UsageError(
    `${origin} cannot be read: it contains a character with a special meaning in an address.`,
    {
      remedy: encodeAdvice,
    },
  );
}
