import assert from "node:assert/strict";
import { test } from "node:test";
import {
  expectSameAfterKills,
  runJobInTest,
  type TestDatabase,
  transformOne,
  withDatabase,
} from "tidefill/testing";
import job from "./fill-article-word-count.ts";
import seedArticles from "./seed-articles.ts";

/** The job comes after another one, which creates its table. */
async function prepare(database: TestDatabase): Promise<void> {
  await runJobInTest(seedArticles, { database });
  await database.query(`
    insert into article (title, body)
    select 'Article ' || g, repeat('word ', g)
    from generate_series(1, 100) g`);
}

test("an article without a text has no words", async () => {
  assert.deepEqual(await transformOne(job, { id: 1n, body: "" }), { word_count: 0 });
});

test("every article has its count of words", () =>
  withDatabase(async (database) => {
    await prepare(database);
    const report = await runJobInTest(job, { database });
    assert.equal(report.status, "succeeded");
    const wrong = await database.query(`
      select title
      from article
      where word_count is distinct from cardinality(array_remove(string_to_array(body, ' '), ''))`);
    assert.deepEqual(wrong, []);
  }));

test("killed at any batch and started again, it ends in the same state", () =>
  withDatabase(async (database) => {
    await prepare(database);
    await expectSameAfterKills(job, { database });
  }));
