import { defineJob, rowsOf, runJob, table, undoRun, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`${emptyStore}; drop schema if exists shop cascade;
    create extension if not exists pgcrypto`);
});

/** Types that an application has made, with the names of PostgreSQL's own, and two values of each. */
const types = [
  ["money", "type shop.money as (amount numeric, currency text)", "(1.0,EUR)", "(1.00,EUR)"],
  ["xml", "type shop.xml as enum ('<a/>', '<b/>')", "<a/>", "<b/>"],
  ["date", "type shop.date as (day numeric)", "(1)", "(1.0)"],
  ["text", "domain shop.text as numeric", "1", "1.0"],
  ["bpchar", "domain shop.bpchar as pg_catalog.text check (value <> '')", "a", "a "],
] as const;

test.each(types)(
  "a column whose type an application has named %s is written and undone",
  async (name, made, before, after) => {
    await database.query(`
      create schema shop;
      create ${made};
      create table shop.prices (id bigint primary key, price shop.${name});
      insert into shop.prices values (1, '${before}')`);
    const prices = table("shop.prices", {
      key: "id",
      columns: { id: "bigint", price: "text?" },
      personalData: ["price"],
    });
    const job = defineJob({
      name: "change-prices",
      source: rowsOf(prices),
      transform: () => ({ price: after }),
      sink: update(prices, ["price"]),
    });
    const options = { connectionString: database.url, undoKey: "k".repeat(32) };
    const price = async () => (await database.query("select price::text from shop.prices"))[0]?.price;

    const run = await runJob(job, options);
    expect(run).toMatchObject({ status: "succeeded", rows: { written: 1 } });
    expect(await price()).toBe(after);
    expect(await undoRun(job.name, options)).toMatchObject({ status: "succeeded" });
    expect(await price()).toBe(before);
  },
);
