import pg from "pg";
import { afterEach, expect, inject, test } from "vitest";
import { runJob } from "../../../src/engine/run/run-job.ts";
import { table } from "../../../src/job/columns/table.ts";
import { defineJob } from "../../../src/job/definition/define-job.ts";
import { classifyFailure } from "../../../src/postgres/failure/failure.ts";
import { update } from "../../../src/sink/definitions/update.ts";
import { rowsOf } from "../../../src/source/table/table-rows.ts";
import { urlOf, useDatabase } from "../../support/database.ts";
import { findPgbouncer, Pgbouncer } from "../../support/pgbouncer.ts";
import { until } from "../../support/until.ts";
import { changed, reach, refusal } from "./connecting.ts";

const database = useDatabase();
const isMissing = findPgbouncer() === undefined;
const poolers: Pgbouncer[] = [];

afterEach(async () => {
  for (const pooler of poolers.splice(0)) await pooler.stop();
});

/** The address of this file's database through a pooler with these settings. */
async function through(...settings: readonly string[]): Promise<string> {
  const pooler = await Pgbouncer.before(inject("adminUrl"), 2, settings);
  poolers.push(pooler);
  return changed(pooler.url, { pathname: new URL(urlOf(database.name)).pathname });
}

/** The raw error, before it is explained. */
async function thrown(connecting: Promise<unknown>): Promise<unknown> {
  return connecting.then(
    () => null,
    (error: unknown) => error,
  );
}

/** The only client that the pooler allows; false while it still counts a client that has left. */
async function onlyClient(url: string): Promise<pg.Client | false> {
  const client = new pg.Client({ connectionString: url });
  return client.connect().then(
    () => client,
    () => false,
  );
}

const things = table("things", { key: "id", columns: { id: "bigint", n: "integer?" } });
const count = defineJob({
  name: "count-things",
  source: rowsOf(things, { read: ["n"] }),
  transform: () => ({ n: 1 }),
  sink: update(things, ["n"]),
});

test.skipIf(isMissing)(
  "a startup parameter that a pooler rejects is refused at once, by its name (D3)",
  async () => {
    const url = await through();
    const withOptions = changed(url, { search: "?options=-c%20search_path%3Dapp" });
    expect(await refusal(reach(withOptions))).toMatchObject({
      code: "usage",
      message:
        "The pooler does not accept the parameter options: unsupported startup parameter: options (SQLSTATE 08P01).",
      remedy:
        "Remove options from the address, and unset PGOPTIONS; write a search path as ?schema=name, which any pooler accepts. Or give the address of the server itself.",
    });
    // A run that meets the error later does not retry for minutes either.
    expect(classifyFailure(await thrown(reach(withOptions)))).toMatchObject({ action: "stop" });
    // Parameters that other tools use for their pools and limits are not sent.
    expect(await reach(changed(url, { search: "?statement_timeout=5000&pgbouncer=true" }))).toMatchObject({
      role: "postgres",
    });
  },
);

test.skipIf(isMissing)("a pooler in statement mode is refused at once (D3)", async () => {
  const url = await through("pool_mode = statement");
  const failure = await thrown(runJob(count, { connectionString: url }));
  expect(await refusal(Promise.reject(failure))).toMatchObject({
    code: "usage",
    message:
      "The pooler answered: transaction blocks not allowed in statement pooling mode (SQLSTATE 08P01). It pools statements, but tidefill works in transactions.",
    remedy: "Set pool_mode = transaction in the pooler, or give the address of the server itself.",
  });
  expect(classifyFailure(failure)).toMatchObject({ action: "stop" });
});

test.skipIf(isMissing)(
  "a pooler's errors under the SQLSTATE of a protocol violation are understood by their text (D3)",
  async () => {
    const url = await through();
    expect(await refusal(reach(changed(url, { pathname: "/nowhere" })))).toMatchObject({
      code: "database",
      remedy: expect.stringContaining("Check the database's name"),
    });
    const wrong = await thrown(reach(changed(url, { password: "wrong" })));
    expect(classifyFailure(wrong)).toMatchObject({ action: "retry", reason: "login" });
    expect(await refusal(Promise.reject(wrong))).toMatchObject({
      code: "database",
      remedy: expect.stringContaining("Check the role and the password."),
    });
    const small = await through("max_client_conn = 1");
    const first = await until(async () => onlyClient(small), {
      describe: "a pooler that has let its last client go",
    });
    const full = await thrown(reach(small));
    await first.end();
    expect(classifyFailure(full)).toMatchObject({ action: "retry", reason: "resources" });
    expect(await refusal(Promise.reject(full))).toMatchObject({ code: "no-connection-free" });
  },
);

test.skipIf(isMissing)(
  "a schema in the address works through a pooler, since each transaction sets it (A5)",
  async () => {
    const url = await through();
    await database.query("create schema app");
    for (const schema of ["public", "app"]) {
      await database.query(`create table ${schema}.things (id bigint primary key, n integer)`);
      await database.query(`insert into ${schema}.things values (1, null)`);
    }
    await runJob(count, { connectionString: changed(url, { search: "?schema=app" }) });
    expect(await database.query("select n from app.things")).toEqual([{ n: 1 }]);
    expect(await database.query("select n from public.things")).toEqual([{ n: null }]);
  },
);
