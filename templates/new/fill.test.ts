import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, transformOne, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// The tables as they were when this file was written; change them as you like.
const schema = `
  {{schema}}
`;
{{if isOpen}}
{{if isOpen}}const todo = "Remove this once the job says what its rows get.";

test("{{job}} transforms one row as it should", {{todo}}async () => {
  const row = {{row}};
  assert.deepEqual(await transformOne(job, row), {{expected}});
});

test("{{job}} leaves no row unfilled", {{todo}}() =>
  withDatabase(
    async (database) => {
      const report = await runJobInTest(job, { database });
      assert.equal(report.status, "succeeded");
      assert.deepEqual(await database.query({{unfilled}}), []);
    },
    { schema },
  ));

test("{{job}}, killed at any batch and started again, ends in the same state", {{todo}}() =>
  withDatabase(
    async (database) => {
      await expectSameAfterKills(job, { database });
    },
    { schema },
  ));
