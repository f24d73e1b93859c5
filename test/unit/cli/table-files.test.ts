import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashFiles } from "../../../src/cli/jobs/hash-files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-hash-"));
});
afterAll(() => rm(folder, { recursive: true }));

const head = 'import { table } from "tidefill";\n';
const notes = 'export const notes = table("notes", { key: "id", columns: { id: "bigint" } });\n';

/** The files that are hashed for a job that imports `notes` from a file with this text. */
async function hashed(name: string, imported: string): Promise<readonly string[]> {
  await writeFile(join(folder, `${name}.ts`), imported);
  const job = join(folder, `job-of-${name}.ts`);
  await writeFile(job, `import { notes } from "./${name}.ts";\nexport default notes;\n`);
  return Object.keys(await hashFiles(job, folder));
}

test("only the imported descriptions count of a file that only describes tables", async () => {
  const more = 'export const more = table("more", { columns: { n: "integer" } });\n';
  expect(await hashed("plain", `${head}// a remark => of ours\n${notes}${more}`)).toEqual([
    "job-of-plain.ts",
    "plain.ts: notes",
  ]);
});

test.each([
  ["a function beside a table", `${head}${notes}export const shout = (text) => text.toUpperCase();\n`],
  [
    "a function in a table",
    `${head}export const notes = { ...table("notes", { columns: { n: "integer" } }), f() {} };\n`,
  ],
  ["an import of another file", `import { columns } from "./columns.ts";\n${head}${notes}`],
  ["a statement that runs when it is loaded", `${head}${notes}process.exitCode = 77;\n`],
])("a file with %s counts as a whole, and is not loaded to find that out", async (_, text) => {
  await writeFile(join(folder, "columns.ts"), "export const columns = {};\n");
  expect(await hashed("mixed", text)).toContain("mixed.ts");
  expect(process.exitCode).not.toBe(77);
});
