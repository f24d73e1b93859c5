import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { freePort } from "../../../src/embedded/local-url.ts";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { sql } from "../../../src/postgres/sql/sql.ts";
import { Database } from "../../../src/postgres/transaction/database.ts";
import { Replica } from "../../support/replica.ts";
import { until } from "../../support/until.ts";
import { reach, refusal } from "./connecting.ts";

let primary: Cluster;
let standby: Replica;
let nobody: number;

beforeAll(async () => {
  primary = await Cluster.open({ settings: { fsync: "off", wal_level: "replica" } });
  standby = await Replica.of(primary, "standby");
  nobody = await freePort();
});

afterAll(async () => {
  await standby.stop();
  await primary.stop("immediate");
});

const portOf = (url: string): string => new URL(url).port;

/** An address of several servers. */
function of(ports: readonly (string | number)[], search = ""): string {
  const { password } = new URL(primary.url());
  return `postgres://postgres:${password}@${ports.map((port) => `127.0.0.1:${port}`).join(",")}/postgres${search}`;
}

test("the first of several servers that answers and fits is used (D2)", async () => {
  const [first, second] = [portOf(primary.url()), portOf(standby.url)];
  const cases: readonly (readonly [readonly (string | number)[], string, string])[] = [
    [[nobody, first], "", first],
    [[second, first], "", second],
    [[second, first], "?target_session_attrs=read-write", first],
    [[second, first], "?target_session_attrs=primary", first],
    [[first, second], "?target_session_attrs=standby", second],
    [[first, second], "?target_session_attrs=read-only", second],
    [[first, second], "?target_session_attrs=prefer-standby", second],
    [[nobody, first], "?target_session_attrs=prefer-standby", first],
    [[second, first], "?load_balance_hosts=random&target_session_attrs=read-write", first],
  ];
  for (const [ports, search, port] of cases)
    expect(await reach(of(ports, search)), search).toMatchObject({ port });
  const { password } = new URL(primary.url());
  const keyValues = `host=127.0.0.1,127.0.0.1 port=${second},${first} dbname=postgres user=postgres password='${password}' target_session_attrs=read-write`;
  expect(await reach(keyValues)).toMatchObject({ port: first });
  expect(await reach(`${of([first]).replace("127.0.0.1", "db.invalid")}?hostaddr=127.0.0.1`)).toMatchObject({
    port: first,
  });
});

test("the refusal names each server that does not fit, with the reason and without the password (D2)", async () => {
  const second = portOf(standby.url);
  const error = await refusal(reach(of([nobody, second], "?target_session_attrs=read-write")));
  expect(error).toMatchObject({
    code: "unreachable",
    message: `None of the servers can be used: 127.0.0.1:${nobody} (connect ECONNREFUSED 127.0.0.1:${nobody}); 127.0.0.1:${second} is read-only.`,
    remedy: expect.stringContaining("target_session_attrs"),
  });
  expect(`${error.message} ${error.remedy}`).not.toContain(new URL(primary.url()).password);
});

test("a pool follows a failover to the writable server (D2)", async () => {
  const [first, second] = [portOf(primary.url()), portOf(standby.url)];
  const old = await Cluster.open({ settings: { fsync: "off" } });
  const next = await Replica.of(old, "next");
  const { password } = new URL(old.url());
  const ports = [portOf(old.url()), portOf(next.url)];
  const address = `postgres://postgres:${password}@127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}/postgres?target_session_attrs=read-write`;
  const db = new Database(
    createPool({ connectionString: address, applicationName: "tidefill failover", maxConnections: 2 }),
  );
  const port = async () =>
    (await db.query(sql`select pg_catalog.current_setting('port') as port`)).rows[0]?.port;
  try {
    expect(await port()).toBe(ports[0]);
    await old.stop("immediate");
    await reach(next.url);
    await promote(next.url);
    // The lost connection is reported once; the next one goes to the new primary.
    expect(await until(() => port().catch(() => undefined), { describe: "the new primary" })).toBe(ports[1]);
  } finally {
    await db.close();
    await next.stop();
  }
  expect([first, second]).not.toContain(ports[1]);
});

async function promote(url: string): Promise<void> {
  const pool = createPool({ connectionString: url, applicationName: "tidefill promote", maxConnections: 1 });
  try {
    await pool.query("select pg_catalog.pg_promote()");
  } finally {
    await pool.end();
  }
}
