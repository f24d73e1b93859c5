import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import Cursor from "pg-cursor";
import { expect, test, vi } from "vitest";
import { FaultProxy } from "../support/fault-proxy.ts";
import { until } from "../support/until.ts";
import { outcome, ProxyFixture, pidOf, socketOf } from "./fault-proxy-fixture.ts";

const fixture = new ProxyFixture();

test("queries of both protocols and errors pass through", async () => {
  const client = await fixture.open();
  expect(await client.query("select 1 as a; select 2 as b")).toHaveLength(2);
  expect((await client.query("select $1::int + 1 as a", [41])).rows).toEqual([{ a: 42 }]);
  await expect(client.query("select 1 / $1::int", [0])).rejects.toThrow("division by zero");
  expect((await client.query({ name: "named", text: "select $1::text as a", values: ["x"] })).rows).toEqual([
    { a: "x" },
  ]);
  expect((await client.query({ name: "named", text: "select $1::text as a", values: ["y"] })).rows).toEqual([
    { a: "y" },
  ]);
  expect(fixture.proxy.connections).toBe(1);
  await client.end();
  await vi.waitFor(() => expect(fixture.proxy.connections).toBe(0));
});

test("100 000 rows of 500 bytes pass through, also to a slow reader", async () => {
  const client = await fixture.open();
  const { rows } = await client.query(
    "select i, repeat(chr(97 + i % 26), 500) as v from generate_series(1, 100000) i",
  );
  expect(rows).toHaveLength(100_000);
  expect(rows[99_999]).toEqual({ i: 100_000, v: String.fromCharCode(97 + (100_000 % 26)).repeat(500) });
  const cursor = client.query(new Cursor("select repeat('x', 500) as v from generate_series(1, 5000)"));
  let read = 0;
  for (let rows = await cursor.read(700); rows.length > 0; rows = await cursor.read(700)) read += rows.length;
  expect(read).toBe(5000);
  await cursor.close();
});

test("a reader that stops makes the server wait instead of filling the proxy's memory", async () => {
  const client = await fixture.open();
  const pid = await pidOf(client);
  const before = process.memoryUsage().arrayBuffers;
  const query = outcome(client.query("select repeat('x', 1000), generate_series(1, 1000000)"));
  socketOf(client).pause();
  const waiting = async () => (await fixture.activity(pid))?.wait_event === "ClientWrite";
  await until(waiting, { describe: "a waiting server" });
  await delay(500);
  expect(await waiting()).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32_000_000);
  socketOf(client).destroy();
  expect(await query).toBe("Connection terminated unexpectedly");
});

test("parameters and statements of megabytes pass through", async () => {
  const client = await fixture.open();
  const big = "ä€x".repeat(200_000);
  const { rows } = await client.query("select $1::text as a, $2::bytea as b", [
    big,
    Buffer.alloc(1_000_000, 7),
  ]);
  expect(rows[0].a).toBe(big);
  expect(rows[0].b.equals(Buffer.alloc(1_000_000, 7))).toBe(true);
  expect((await client.query(`select '${big}' as a`)).rows[0].a).toBe(big);
});

test("copies and notifications pass through", async () => {
  const client = await fixture.open();
  await client.query("copy (select repeat('x', 500) from generate_series(1, 10000)) to stdout");
  await expect(client.query("copy marks from stdin")).rejects.toThrow("COPY from stdin failed");
  const heard = new Promise((resolve) => client.on("notification", (message) => resolve(message.payload)));
  await client.query("listen proxy");
  await client.query("notify proxy, 'hello'");
  expect(await heard).toBe("hello");
});

test("encryption is declined, so that the client can go on in plain text or refuse", async () => {
  const refused = await outcome(fixture.open({ ssl: { rejectUnauthorized: false } }));
  expect(refused).toBe("The server does not support SSL connections");
});

test("a cancel request reaches the server", async () => {
  const client = await fixture.open();
  const sleeping = outcome(client.query("select pg_sleep(60)"));
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  for (const [i, field] of [16, 80877102, processID].entries()) request.writeInt32BE(field, i * 4);
  request.writeInt32BE(secretKey, 12);
  await vi.waitFor(
    async () => {
      connect(fixture.proxy.port, "127.0.0.1")
        .on("error", () => {})
        .end(request);
      expect(await Promise.race([sleeping, new Promise((done) => setTimeout(done, 100, "asleep"))])).toBe(
        "57014",
      );
    },
    { timeout: 10_000 },
  );
});

test("the message of a terminated backend arrives, whenever the proxy is stopped", async () => {
  const { hostname, port } = new URL(fixture.database.url);
  for (let round = 0; round < 20; round += 1) {
    const other = await FaultProxy.start({ host: hostname, port: Number(port) });
    const client = await fixture.open({ connectionString: other.url(fixture.database.url) });
    const pid = await pidOf(client);
    const query = outcome(client.query("select pg_sleep(60)"));
    await fixture.database.query("select pg_terminate_backend($1)", [pid]);
    expect(await query).toBe("57P01");
    await other.stop();
  }
});

test("a client is reset when the target does not answer", async () => {
  const unused = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => unused.once("listening", resolve));
  const { port } = unused.address() as { port: number };
  await new Promise((resolve) => unused.close(resolve));
  const other = await FaultProxy.start({ host: "127.0.0.1", port });
  expect(await outcome(fixture.open({ connectionString: other.url(fixture.database.url) }))).toBe(
    "ECONNRESET",
  );
  await other.stop();
});

test("url replaces host and port, wherever they are written", async () => {
  const through = (original: string) =>
    fixture.proxy.url(original).replace(String(fixture.proxy.port), "PORT");
  expect(through("postgres://a:p%40ss@db.example:5433/x?application_name=y")).toBe(
    "postgres://a:p%40ss@127.0.0.1:PORT/x?application_name=y",
  );
  expect(through("postgresql:///x?host=/tmp&port=5433&user=a")).toBe("postgresql://127.0.0.1:PORT/x?user=a");
});
