import { defineJob, defineSqlJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const essays = table("essays", {
  key: "id",
  columns: { id: "integer", words: "text", many: "integer", note: "text?" },
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists essays cascade;
    create table essays (id integer primary key, words text not null, many integer not null default 0, note text);
    insert into essays (id, words) select g, repeat('word ', g) from generate_series(1, 20) g`);
});

/** A trigger that changes row 4 after row 6 was updated, as a child row may touch its parent. */
const touchesRow4 = `
  create or replace function touch() returns trigger language plpgsql as $$
  begin
    if new.id = 6 then update essays set note = 'touched' where id = 4; end if;
    return null;
  end $$;
  create trigger touch after update on essays for each row execute function touch();`;

/** A trigger that changes the updated row once more, in a subtransaction. */
const notesItself = `
  create or replace function note() returns trigger language plpgsql as $$
  begin
    begin
      update essays set note = 'noted' where id = new.id;
    exception when others then
      raise notice 'not noted';
    end;
    return null;
  end $$;
  create trigger note after update on essays for each row when (pg_trigger_depth() = 0) execute function note();`;

const options = () => ({ connectionString: database.url, workers: 1, signal: AbortSignal.timeout(60_000) });

/** Counts words; while it works on row 5 for the first time, another session tries to commit a statement. */
function countWhile(statement: string) {
  let isTried = false;
  return defineJob({
    name: "count",
    source: rowsOf(essays, { read: ["words"] }),
    transform: async ({ id, words }) => {
      if (id === 5 && !isTried) {
        isTried = true;
        await database.query(`set lock_timeout = 100; ${statement}; reset lock_timeout`).catch(() => {});
      }
      return { many: words.trim().split(" ").length };
    },
    sink: update(essays, ["many"]),
  });
}

const wrong = () =>
  database.query(
    "select id from essays where many <> cardinality(string_to_array(trim(words), ' ')) order by id",
  );

test.each([
  ["was there before", touchesRow4, ""],
  ["is created during the transform", "", touchesRow4],
])(
  "a row that the application changes is not missed where a trigger touches it: the trigger %s",
  async (_, before, meanwhile) => {
    if (before !== "") await database.query(before);
    const report = await runJob(
      countWhile(`${meanwhile} update essays set words = 'one two' where id = 4`),
      options(),
    );
    expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, swallowed: 0, rejected: 0 } });
    expect(await wrong()).toEqual([]);
  },
);

test("an SQL job does not miss such a row either", async () => {
  await database.query(touchesRow4);
  const job = defineSqlJob({
    name: "count-by-sql",
    source: rowsOf(essays),
    sink: update(essays, { many: sql`cardinality(string_to_array(trim(words), ' '))` }),
  });
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20, swallowed: 0 } });
  expect(await wrong()).toEqual([]);
});

test("a row that a trigger changes once more, in a subtransaction, is done once", async () => {
  await database.query(notesItself);
  const job = defineJob({
    name: "raise",
    source: rowsOf(essays, { read: ["many"] }),
    // Row 7 stays as it is, so that not all rows of the batch are written.
    transform: ({ id, many }) => ({ many: id === 7 ? many : many + 1 }),
    sink: update(essays, ["many"]),
  });
  const report = await runJob(job, options());
  expect(report).toMatchObject({
    status: "succeeded",
    rows: { read: 20, written: 19, unchanged: 1, swallowed: 0 },
  });
  expect(
    await database.query("select count(*)::integer as rows from essays where many = 1 and id <> 7"),
  ).toEqual([{ rows: 19 }]);
});
