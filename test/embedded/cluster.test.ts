import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../support/until.ts";
import { ask, isRoot, newDirectory, open, own, ownTemporaryDirectory, serverOf } from "./clusters.ts";

describe("a temporary cluster", () => {
  it("answers over the loopback, and is gone with its directory when stopped", async () => {
    const cluster = await open();
    expect(cluster.owned).toBe(true);
    expect(await ask(cluster.url(), "select version()")).toEqual([
      { version: expect.stringContaining("PostgreSQL") },
    ]);
    expect(serverOf(cluster.directory)).toBe(true);
    await cluster.stop();
    expect(existsSync(cluster.directory)).toBe(false);
    expect(serverOf(cluster.directory)).toBe(false);
  });

  it("requires the password, which only its user may read", async () => {
    const cluster = await open();
    const url = new URL(cluster.url());
    url.password = "guessed";
    await expect(ask(url.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    const rules = await ask(cluster.url(), "select distinct auth_method from pg_hba_file_rules");
    expect(rules).toEqual([{ auth_method: "scram-sha-256" }]);
    expect(statSync(join(cluster.directory, "data", "tidefill-password")).mode & 0o777).toBe(0o600);
  });

  it("applies settings, and encodes in UTF8", async () => {
    const cluster = await open({ settings: { fsync: "off", wal_level: "logical" } });
    expect(await ask(cluster.url(), "show wal_level")).toEqual([{ wal_level: "logical" }]);
    expect(await ask(cluster.url(), "show server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
  });

  it("reports the server's error when it does not start, and leaves nothing behind", async () => {
    const directory = ownTemporaryDirectory();
    await expect(open({ settings: { work_mem: "many" } })).rejects.toThrow(
      /invalid value for parameter "work_mem"/,
    );
    // Node 22 and later keep compiled code there.
    expect(readdirSync(directory).filter((name) => name !== "node-compile-cache")).toEqual([]);
  });

  it("keeps data and port over a crash of the server", async () => {
    const cluster = await open();
    await ask(cluster.url(), "create table kept as select 7 as n");
    const { port } = cluster;
    await cluster.restart("immediate");
    expect(cluster.port).toBe(port);
    expect(await ask(cluster.url(), "select n from kept")).toEqual([{ n: 7 }]);
    expect(readFileSync(join(cluster.directory, "server.log"), "utf8")).toContain(
      "automatic recovery in progress",
    );
  });
});

describe("a directory", () => {
  it("keeps its data from one owner to the next", async () => {
    const directory = newDirectory();
    const first = await open({ directory });
    await ask(first.url(), "create table kept as select 7 as n");
    await first.stop();
    const second = await open({ directory });
    expect(second.owned).toBe(true);
    expect(await ask(second.url(), "select n from kept")).toEqual([{ n: 7 }]);
  });

  it("is joined when it is opened while its server runs", async () => {
    const directory = newDirectory();
    const first = await open({ directory });
    const second = await open({ directory });
    expect([second.owned, second.url()]).toEqual([false, first.url()]);
    await second.stop();
    expect(await ask(first.url(), "select 1 as n")).toEqual([{ n: 1 }]);
    await expect(second.restart()).rejects.toThrow(/started by another process/);
  });

  it("is created once when several callers open it at the same moment", async () => {
    const directory = newDirectory();
    const [told, ...here] = await Promise.all([
      own({ cluster: { directory } }).told(),
      open({ directory }),
      open({ directory }),
    ]);
    expect([told.owned, ...here.map((cluster) => cluster.owned)].filter(Boolean)).toHaveLength(1);
    expect(new Set([told.url, ...here.map((cluster) => cluster.url())]).size).toBe(1);
  });

  it("starts again after a crash that left a stale postmaster.pid", async () => {
    const directory = newDirectory();
    const first = await open({ directory });
    await ask(first.url(), "create table kept as select 7 as n");
    const pidFile = join(directory, "data", "postmaster.pid");
    const left = readFileSync(pidFile, "utf8");
    process.kill(Number(left.split("\n")[0]), "SIGKILL");
    await until(async () => !serverOf(directory), { describe: "the server is gone" });
    expect(existsSync(pidFile)).toBe(true);
    const second = await open({ directory });
    expect(second.owned).toBe(true);
    expect(await ask(second.url(), "select n from kept")).toEqual([{ n: 7 }]);
  });

  it("of another major version is refused", async () => {
    const directory = newDirectory();
    await (await open({ directory })).stop();
    writeFileSync(join(directory, "data", "PG_VERSION"), "9\n");
    await expect(open({ directory })).rejects.toMatchObject({
      code: "embedded-version",
      remedy: expect.stringContaining("TIDEFILL_POSTGRES_BINARIES to a PostgreSQL 9"),
    });
  });

  it.runIf(isRoot)("that the server's user may not enter is refused with its name", async () => {
    const directory = newDirectory();
    chmodSync(directory, 0o700);
    await expect(open({ directory: join(directory, "below") })).rejects.toMatchObject({
      code: "embedded-unreachable",
      message: expect.stringContaining(`may not enter ${directory}.`),
    });
  });
});
