import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// The tables as they were when this file was written; change them as you like.
const schema = `
  {{schema}}
`;

const todo = "Remove this once the job says which rows it works on.";

test("{{job}} leaves no value of a person", { todo }, () =>
  withDatabase(
    async (database) => {
      const before = await database.query({{values}});
      const report = await runJobInTest(job, { database });
      assert.equal(report.status, "succeeded");
      const after = await database.query({{values}});
      for (const [index, row] of before.entries())
        for (const [column, value] of Object.entries(row)) assert.notDeepEqual(after[index]?.[column], value);
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
