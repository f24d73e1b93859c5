import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// As the database had it when this file was written; change it as you like.
const schema = `
  {{schema}}
`;

const todo = "Take this away once the job says which rows it is about.";

test("{{job}} deletes what it should and nothing else", { todo }, () =>
  withDatabase(
    async (database) => {
      const report = await runJobInTest(job, { database });
      assert.equal(report.status, "succeeded");
      const left = await database.query({{keys}});
      // Say which rows are still there.
      assert.equal(left.length, 50);
    },
    { schema },
  ));

test("{{job}}, killed at any batch and started again, ends in the same state", { todo }, () =>
  withDatabase(
    async (database) => {
      await expectSameAfterKills(job, { database });
    },
    { schema },
  ));
