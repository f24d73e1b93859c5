import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// The tables as they were when this file was written; change them as you like.
const schema = `
  {{schema}}
`;

const todo = "Remove this once the job says which rows it works on.";

test("{{job}} deletes what it should and nothing else", { todo }, () =>
  withDatabase(
    async (database) => {
      const report = await runJobInTest(job, { database });
      assert.equal(report.status, "succeeded");
      const left = await database.query({{keys}});
      // Write here which rows must still be there.
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
