import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { expectOpenConnections } from "../support/leaks.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
let left: pg.Client | undefined;
afterAll(() => left?.end());

describe("a test database", () => {
  it("is empty, and has collations of ICU", async () => {
    expect(
      await database.query("select count(*)::integer as tables from pg_tables where schemaname = 'public'"),
    ).toEqual([{ tables: 0 }]);
    expect(
      await database.query(`select 'a' < 'B' collate "en-x-icu" as icu, 'a' < 'B' collate "C" as c`),
    ).toEqual([{ icu: true, c: false }]);
  });

  it.fails("fails the test that leaves a connection open", async () => {
    left = new pg.Client({ connectionString: database.url, application_name: "tidefill-leak" });
    // The database is dropped at the end despite the connection.
    left.on("error", () => {});
    await left.connect();
  });

  it("lets a test leave a connection open that declares it", () => {
    expectOpenConnections();
  });

  it("says what was waited for in vain", async () => {
    expectOpenConnections();
    const never = until(async () => undefined, { describe: "a miracle", timeoutMs: 50 });
    await expect(never).rejects.toThrow("Waited 50 ms in vain: a miracle");
  });
});
