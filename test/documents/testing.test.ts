import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Page, root } from "./markdown.ts";

const run = promisify(execFile);
let folder = "";

/** A project of a user's: the files of the page, and the built package as npm would link it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-testing-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const { language, text } of new Page("docs/testing.md").blocks) {
    const file = /^(?:\/\/|--) ((?:(?:jobs|test)\/)?[\w.-]+\.(?:ts|sql))$/.exec(
      text.split("\n", 1)[0] ?? "",
    )?.[1];
    if (file === undefined || !file.endsWith(`.${language}`)) continue;
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), text, { flag: "wx" });
  }
  await mkdir(join(folder, "node_modules"));
  for (const name of ["vitest", "jiti", "@types", "typescript"])
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
  await symlink(root, join(folder, "node_modules/tidefill"));
  // A checkout that was changed builds itself first.
  await run(process.execPath, [join(root, "bin/tidefill.js"), "--version"]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program of node's prints to its end in the project; with the tests' own server, or without one. */
async function printed(server: string | undefined, ...parameters: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, VITEST: ___, ...inherited } = process.env;
  const env = {
    ...inherited,
    NO_COLOR: "1",
    ...(server === undefined ? {} : { TIDEFILL_TEST_DATABASE_URL: server }),
  };
  return run(process.execPath, [...parameters], { cwd: folder, env, timeout: 100_000 }).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string; readonly stderr: string }) => `failed: ${error.stdout}${error.stderr}`,
  );
}

test("the page's tests compile against the types that the package brings", async () => {
  const compilerOptions = {
    target: "es2023",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ["node"],
  };
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["jobs", "test", "vitest.config.ts"] }),
  );
  expect(await printed(undefined, "node_modules/typescript/bin/tsc", "-p", ".")).toBe("");
});

test("vitest runs the page's tests", async () => {
  const files = ["test/feedback-types.test.ts", "test/word-count.test.ts"];
  const output = await printed(inject("adminUrl"), "node_modules/vitest/vitest.mjs", "run", ...files);
  expect(output).toContain("Test Files  2 passed (2)");
  expect(output).toContain("Tests  4 passed (4)");
});

test("node:test runs the page's tests on a server of its own, and ends by itself", async () => {
  const loader = ["--import", "jiti/register"];
  const output = await printed(
    undefined,
    ...loader,
    "--test",
    "--test-reporter=tap",
    "test/essay-student.test.ts",
  );
  expect(output).not.toContain("failed:");
  expect(output).toMatch(/^# pass 1$/m);
});
