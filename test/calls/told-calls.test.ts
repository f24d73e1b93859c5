import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";
import { fillNotes } from "./notes.ts";

const database = useDatabase();

const answerNotes = `
import { defineJob, rowsOf, sql, table, update } from "tidefill";
const notes = table("notes", { key: "id", columns: { id: "bigint", text: "text", answer: "text?" } });
export default defineJob({
  name: "answer-notes",
  source: rowsOf(notes, { read: ["text"], pending: sql\`answer is null\` }),
  calls: { attempts: 2, cost: "0.5 USD" },
  transform: async ({ id, text }, { attempt }) => {
    if (id % 10n === 0n && attempt === 1) throw new Error("the model answered 503");
    return { answer: text };
  },
  sink: update(notes, ["answer"]),
});
`;
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await CommandLine.open(database.url, { "answer-notes.ts": answerNotes });
});
afterAll(() => tidefill.close());

beforeEach(() => fillNotes(database, 40));

test("the last line, status and an undo say how many calls were made, failed, and what they cost", async () => {
  const ran = await tidefill.run("run", "answer-notes");
  expect(ran.stderr).toContain("40 rows written, 44 calls made, 4 of them failed, 20 USD");
  expect((await tidefill.run("status", "answer-notes")).stdout).toMatch(
    /^calls +44 calls made, 4 of them failed, 20 USD$/m,
  );
  expect((await tidefill.json("status", "answer-notes")).value).toMatchObject({
    calls: { made: 44, failed: 4, cost: { USD: 20 } },
  });
  const asked = await tidefill.run("undo", "answer-notes");
  expect(asked.stderr).toContain(
    "What other systems did stays (run 1: 44 calls made, 4 of them failed, 20 USD).",
  );
  expect((await tidefill.run("undo", "--to", "nothing")).stderr).toContain(
    "What other systems did stays (run 1",
  );
});
