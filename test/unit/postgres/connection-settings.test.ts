import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { withoutPassword } from "../../../src/postgres/connection/address.ts";
import { readConnection } from "../../../src/postgres/connection/connection-settings.ts";
import { passwordInFile } from "../../../src/postgres/connection/pass-file.ts";

interface Read {
  readonly hosts?: string;
  readonly user?: string;
  readonly database?: string;
  readonly password?: string | null;
  readonly [setting: string]: unknown;
}

/** The settings that were read, in the form of the tables below. */
function read(address: string | undefined, environment: Readonly<Record<string, string>> = {}): Read {
  const { endpoints, password, ...rest } = readConnection(address, environment);
  return {
    ...rest,
    hosts: endpoints.map(({ host, port }) => `${host}:${port}`).join(" "),
    password: password?.value ?? null,
    passwordFrom: password?.from ?? null,
    mode: rest.tls.mode,
  };
}

const me = userInfo().username;

test.each<[string, Read]>([
  ["postgres://u:p@h:6543/db", { hosts: "h:6543", user: "u", password: "p", database: "db" }],
  ["postgresql://h/db", { hosts: "h:5432", user: me, password: null, database: "db", isDatabaseNamed: true }],
  ["postgres://u@h", { hosts: "h:5432", database: "u", isDatabaseNamed: false }],
  ["postgres://u@h/", { hosts: "h:5432", database: "u" }],
  ["postgresql+psycopg2://u:p@h/db", { hosts: "h:5432", user: "u", password: "p", database: "db" }],
  ["postgres://u:a%23b%2Fc%25d%40e@h/db", { password: "a#b/c%d@e", hosts: "h:5432", database: "db" }],
  ["postgres://u:a#b@h/db", { password: "a#b", hosts: "h:5432", database: "db" }],
  ["postgres://u:a@b@h/db", { password: "a@b", hosts: "h:5432", database: "db" }],
  ["postgres://u:a:b@h/db", { password: "a:b", user: "u" }],
  ["postgres://u:p@h/db\n", { database: "db" }],
  ["postgres://a:5432,b:6543/db", { hosts: "a:5432 b:6543" }],
  ["postgres://a,b,c/db?port=6543", { hosts: "a:6543 b:6543 c:6543" }],
  ["postgres://[::1]:6543/db", { hosts: "::1:6543" }],
  ["postgres://%2Fvar%2Frun%2Fpostgresql/db", { hosts: "/var/run/postgresql:5432", database: "db" }],
  ["postgres:///db?host=/tmp&user=u@v", { hosts: "/tmp:5432", database: "db", user: "u@v" }],
  ["postgres://h/a%2Fb%23c", { database: "a/b#c" }],
  ["postgres://h/db?options=-c%20search_path%3Dapp", { options: "-c search_path=app", searchPath: null }],
  ["postgres://h/db?schema=App", { searchPath: '"App"' }],
  ["postgres://h/db?search_path=app,public", { searchPath: "app,public" }],
  ["postgres://h/db?pgbouncer=true&connection_limit=1&statement_timeout=5000", { options: null }],
  ["postgres://h/db?sslmode=require", { mode: "require" }],
  ["postgres://h/db?ssl=true", { mode: "require" }],
  ["postgres://h/db?sslrootcert=system", { mode: "verify-full" }],
  ["postgres://h/db?sslmode=no-verify", { mode: "no-verify" }],
  ["postgres://h/db", { mode: "prefer" }],
  ["postgres://h/db?connect_timeout=1", { timeoutMs: 2_000 }],
  ["postgres://h/db?channel_binding=require", { channelBinding: true }],
  ["postgres://h/db?target_session_attrs=read-write", { target: "read-write" }],
  [
    "host=h port=6543 dbname=db user=u password='it\\'s a #/%@'",
    { hosts: "h:6543", password: "it's a #/%@" },
  ],
  ["host = h  dbname='a b'", { hosts: "h:5432", database: "a b" }],
  ["host=a,b port=1,2 dbname=db target_session_attrs=standby", { hosts: "a:1 b:2", target: "standby" }],
])("%s is read as psql reads it", (address, expected) => {
  expect(read(address)).toMatchObject(expected);
});

const secret = "Xy7";

test.each<[string, RegExp]>([
  [`postgres://u:${secret}/q@h/db`, /percent-encode/],
  [`postgres://u:${secret}?q@h/db`, /percent-encode/],
  [`postgres://u:${secret}%@h/db`, /percent-encode/],
  [`postgres://u:${secret}%zz@h/db`, /percent-encode/],
  [`postgres://u:${secret}%ff@h/db`, /percent-encode/],
  [`postgres://u@h:${secret}/db`, /The host and the port/],
  ["postgres://h:99999/db", /not a number from 1 to 65535/],
  [secret, /neither with postgres:\/\/ nor with a setting/],
  ["localhost", /neither with postgres:\/\/ nor with a setting/],
  [`u:${secret}@h/db`, /neither with postgres:\/\/ nor with a setting/],
  ["", /it is set but empty/],
  [`"postgres://u:${secret}@h/db"`, /quotation mark/],
  [`jdbc:postgresql://h/db?password=${secret}`, /begins with jdbc:postgresql:\/\//],
  [`mysql://u:${secret}@h/db`, /begins with mysql:\/\//],
  [`host=h password='${secret}`, /not a list of name=value pairs/],
  [`host=h password=a ${secret}`, /not a list of name=value pairs/],
  ["postgres://h/db?sslmod=require", /The parameter sslmod .*Did you mean "sslmode"\?/],
  ["postgres://h/db?shema=app", /The parameter shema .*Did you mean "schema"\?/],
  ["postgres://h/db?pool=5", /The parameter pool in .* is unknown to tidefill/],
  ["postgres://h/db?require_auth=scram-sha-256", /The parameter require_auth/],
  ["postgres://h/db?database=x", /Write dbname=/],
  ["postgres://h/db?flag", /has no value/],
  ["postgres://h/db?sslmode=on", /sslmode has an invalid value/],
  ["postgres://h/db?sslmode=verify-ca", /sslrootcert=<file>/],
  ["postgres://h/db?sslmode=require&sslrootcert=system", /too weak/],
  ["postgres://h/db?target_session_attrs=master", /read-write, read-only, primary/],
  ["postgres://h/db?gssencmode=require", /gssencmode/],
  ["host=a,b,c port=1,2", /list of port/],
  ["postgres://h/db?connect_timeout=soon", /whole number of seconds/],
])("%s is refused with a remedy, and without any part of the password", (address, words) => {
  const [error] = [address].map((each) => {
    try {
      return readConnection(each, {});
    } catch (thrown) {
      return thrown;
    }
  });
  expect(error).toBeInstanceOf(UsageError);
  const { message, remedy = "" } = error as UsageError;
  expect(`${message} ${remedy}`).toMatch(words);
  expect(remedy).not.toBe("");
  expect(`${message} ${remedy} ${(error as Error).stack}`).not.toContain(secret);
});

test("the address takes precedence over the service, and the service over libpq's variables", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidefill-service-"));
  const file = join(folder, "services");
  writeFileSync(
    file,
    "[other]\nhost=x\n\n[shop]\n# the primary\nhost=s\nport=6543\ndbname = shop\nuser=seller\n",
  );
  const environment = { PGSERVICEFILE: file, PGHOST: "e", PGUSER: "e", PGPASSWORD: "word", PGAPPNAME: "x" };
  expect(read("postgres://a/db?service=shop", environment)).toMatchObject({
    hosts: "a:6543",
    database: "db",
    user: "seller",
    password: "word",
    passwordFrom: "PGPASSWORD",
    origin: "the address of the database",
  });
  expect(read(undefined, { ...environment, PGSERVICE: "shop" })).toMatchObject({
    hosts: "s:6543",
    database: "shop",
    origin: "the service shop",
  });
  expect(() => read("service=shoop", environment)).toThrow("No service file has the service shoop");
});

test("without an address libpq's variables apply, and without them the local machine", () => {
  const environment = { PGHOST: "h", PGPORT: "1", PGDATABASE: "db", PGUSER: "u", PGSSLMODE: "require" };
  expect(read(undefined, environment)).toMatchObject({
    hosts: "h:1",
    database: "db",
    user: "u",
    mode: "require",
  });
  expect(read(undefined, { DATABASE_URL: "postgres://a/b", PGHOST: "h" })).toMatchObject({
    hosts: "a:5432",
    origin: "DATABASE_URL",
  });
  expect(read(undefined, { PGUSER: "u" })).toMatchObject({ origin: null, database: "u" });
  expect(read(undefined).hosts).toMatch(/(^|\/)(localhost|postgresql|tmp):5432/);
});

test("a password file gives the first matching password, and none when other users may read the file", () => {
  const file = join(mkdtempSync(join(tmpdir(), "tidefill-pgpass-")), "pgpass");
  const lines = ["# people", "other:*:*:*:no", "h:5432:db:u:a\\:b\\\\c", "*:*:*:u:any"];
  writeFileSync(file, lines.join("\n"), { mode: 0o600 });
  const whom = { host: "h", port: 5432, database: "db", user: "u" };
  expect(passwordInFile(file, whom)).toBe("a:b\\c");
  expect(passwordInFile(file, { ...whom, database: "x" })).toBe("any");
  expect(passwordInFile(file, { ...whom, user: "x" })).toBeNull();
  const open = `${file}-open`;
  writeFileSync(open, "*:*:*:*:all", { mode: 0o644 });
  expect(passwordInFile(open, whom)).toBeNull();
});

test("an address that is stored contains neither a password nor parameters", () => {
  expect(withoutPassword("postgres://u:a#b/c@h:1/db".replace("/c", ""))).toBe("postgres://u@h:1/db");
  expect(withoutPassword("postgres://u:p@a:1,b:2/db?sslmode=require&password=p")).toBe(
    "postgres://u@a:1,b:2/db",
  );
  expect(withoutPassword("replica-a")).toBe("replica-a");
});
