import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// The tables as they were when this file was written; change them as you like.
const schema = `
  {{schema}}
`;
{{if isOpen}}
{{if isOpen}}const todo = "Remove this once the job says what its rows get.";

test("{{job}} copies every row, and removes none", {{todo}}() =>
  withDatabase(
    async (database) => {
      const report = await runJobInTest(job, { database });
      assert.equal(report.status, "succeeded");
      assert.deepEqual(await database.query({{countFrom}}), [{ count: 100n }]);
      assert.deepEqual(await database.query({{countInto}}), [{ count: 100n }]);
    },
    { schema },
  ));

test("{{job}}, killed at any batch and started again, ends in the same state", {{todo}}() =>
  withDatabase(
    async (database) => {
      await expectSameAfterKills(job, {{kills}});
    },
    { schema },
  ));
