import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();

const file = `
import { defineJob, rowsOf, skip, table, update } from "tidefill";
import { transformOne } from "tidefill/testing";

const items = table("item", { key: "id", columns: { id: "bigint", n: "integer" } });
const job = defineJob({
  name: "both",
  source: rowsOf(items),
  transform: () => skip(),
  sink: update(items, ["n"]),
});
const answer = await transformOne(job, { id: 1n, n: 1 });
if (!(answer instanceof skip().constructor)) throw new Error("two modules");
export default job;
`;

test("a file of jobs may import the kit, and shares its module instance", async () => {
  const commandLine = await CommandLine.open(database.url, { "both.ts": file });
  try {
    const { value } = await commandLine.json("list");
    expect(value).toMatchObject({ jobs: [{ job: "both" }] });
  } finally {
    await commandLine.close();
  }
});
