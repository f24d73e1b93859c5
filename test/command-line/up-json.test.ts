import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
let tidefill: CommandLine;

const steps = (name: string, after = ""): string => `import { addColumn, defineSteps } from "tidefill";
export default defineSteps({ name: "${name}", expand: [addColumn("notes", "${name}", "integer")], after: [${after}] });`;

beforeAll(async () => {
  await database.query("create table notes (id bigint primary key)");
  tidefill = await CommandLine.open(database.url, {
    "add-size.ts": steps("add-size", '"add-words"'),
    "add-words.ts": steps("add-words"),
  });
});
afterAll(() => tidefill.close());

/** Which jobs the single object on stdout lists, and how each ended. */
async function jobs(...parameters: readonly string[]): Promise<unknown> {
  const { code, value } = await tidefill.json(...parameters);
  expect(code).toBe(0);
  expect(Object.keys(value)).toEqual(["jobs"]);
  const each = value.jobs as readonly { readonly job: string; readonly report: Record<string, unknown> }[];
  return each.map(({ job, report }) => [job, report.job, report.kind, report.status]);
}

test("up and undo --to print one object of all that they did, with an empty list for nothing", async () => {
  expect(await jobs("up")).toEqual([
    ["add-words", "add-words", "run", "succeeded"],
    ["add-size", "add-size", "run", "succeeded"],
  ]);
  expect(await jobs("up")).toEqual([]);
  expect(await jobs("undo", "--to", "add-words", "--yes")).toEqual([
    ["add-size", "add-size", "undo", "succeeded"],
  ]);
  expect(await jobs("undo", "--to", "add-words", "--yes")).toEqual([]);
  const { value } = await tidefill.json("up", "--dry-run");
  expect(value).toMatchObject({ pending: [{ job: "add-size", state: "undone", after: ["add-words"] }] });
});
