import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./project.ts";

let project: Project;

beforeAll(async () => {
  project = await Project.open();
  await project.type("init");
  await project.execute("bash", "-c", "cp examples/*.ts jobs/");
  // If it were loaded, it would print this.
  await project.write("jobs/noisy-job.ts", 'throw new Error("loaded");\nexport default 1;\n');
});
afterAll(() => project.close());

/** What bash offers at the end of the line, in a shell that has loaded the script. */
async function offered(line: string): Promise<readonly string[]> {
  const words = line.split(" ");
  const script = `
    PATH="$PWD/node_modules/.bin:$PATH"
    source <(tidefill completion bash)
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${words.length - 1}
    complete -p tidefill >/dev/null || exit 9
    _tidefill_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await project.execute("bash", "-c", script);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter((word) => word !== "");
}

test.each([
  ["tidefill p", ["plan", "pause", "purge"]],
  ["tidefill new fill-x --kind ", ["fill", "move", "copy", "seed", "anonymise", "delete"]],
  ["tidefill plan --tr", ["--trace"]],
  ["tidefill plan ", ["fill-article-word-count", "noisy-job", "seed-articles"]],
  ["tidefill run s", ["seed-articles"]],
  ["tidefill resume fill", ["fill-article-word-count"]],
  ["tidefill up --to s", ["seed-articles"]],
  ["tidefill check --require n", ["noisy-job"]],
  ["tidefill run seed-articles --jobs nowhere ", []],
  ["tidefill plan --jobs nowhere ", []],
  ["./node_modules/.bin/tidefill undo se", ["seed-articles"]],
])("bash completes %j", async (line, words) => {
  const found = await offered(line);
  if (words.length === 0) expect(found.filter((word) => !word.startsWith("-"))).toEqual([]);
  else expect([...found].sort()).toEqual([...words].sort());
});

test("zsh gets its own script, chosen by name or by $SHELL", async () => {
  const script = (await project.type("completion", "zsh")).stdout;
  expect(script).toMatch(/^#compdef tidefill\n/);
  expect(script).toContain("_describe");
  const byShell = await project.execute(
    "env",
    "SHELL=/usr/bin/zsh",
    "node_modules/.bin/tidefill",
    "completion",
  );
  expect(byShell.stdout).toBe(script);
  const described = await project.execute(
    "env",
    "SHELL=zsh",
    "node_modules/.bin/tidefill",
    "--get-yargs-completions",
    "tidefill",
    "",
  );
  expect(described.stdout).toContain("\nplan:show what a run would do: a summary");
  expect(await project.type("completion", "fish")).toMatchObject({ code: 2, stdout: "" });
});
