import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// The tables as they were when this file was written; change them as you like.
const schema = `
  {{schema}}
`;

const todo = "Remove this once the job has rows.";

test("{{job}} {{does}}", { todo }, () =>
  withDatabase(
    async (database) => {
      await runJobInTest(job, { database });
      const seeded = await database.query({{all}});
      assert.ok(seeded.length > 0);
      {{if isKnown}}await runJobInTest(job, { database, again: true });
      {{if isKnown}}assert.deepEqual(await database.query({{all}}), seeded);
    },
    { schema },
  ));

test("{{job}}, killed at any batch and started again, ends in the same state", { todo }, () =>
  withDatabase(
    async (database) => {
      await expectSameAfterKills(job, {{kills}});
    },
    { schema },
  ));
