import assert from "node:assert/strict";
import { test } from "node:test";
import { expectSameAfterKills, runJobInTest, transformOne, withDatabase } from "tidefill/testing";
import job from "./{{job}}.ts";

// As the database had it when this file was written; change it as you like.
const schema = `
  {{schema}}
`;
{{if isOpen}}
{{if isOpen}}const todo = "Take this away once the job says what its rows get.";

test("{{job}} makes of one row what it should", {{todo}}async () => {
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
