import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { Page, tableRows } from "../documents/markdown.ts";
import { type Outcome, runCommand } from "../support/command-host.ts";
import { useDatabase } from "../support/database.ts";
import { manifestsOf } from "./manifests.ts";

const database = useDatabase();
const job = manifestsOf("deploy/examples/indexed-job.yaml")[0]!;
const [container] = job.spec.template.spec.containers;

interface Variable {
  readonly name: string;
  readonly value?: string;
}

let folder: string;

/** A section of a service file, as its Secret would hold it. */
function section(index: number, { hostname, port, pathname, username, password }: URL): string {
  const settings = [
    `host=${hostname}`,
    `port=${port}`,
    `dbname=${pathname.slice(1)}`,
    `user=${username}`,
    `password=${password}`,
  ];
  return `[target-${index}]\n${settings.join("\n")}\n`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-jobs-"));
  const nowhere = new URL(database.url);
  nowhere.port = "1";
  await createSampleSchool(database.pool, { essays: 500 });
  await writeFile(join(folder, "essay-word-count.ts"), new Page("README.md").code("ts")[0]!);
  await writeFile(
    join(folder, "pg_service.conf"),
    `${section(3, new URL(database.url))}${section(4, nowhere)}`,
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the pod of an index runs, with the variables that Kubernetes would give it. */
async function pod(
  index: number,
  words: readonly string[] = [...container.command.slice(2), ...container.args],
): Promise<Outcome> {
  const variables = container.env as readonly Variable[];
  const given = Object.fromEntries(
    variables.flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value.replace("$(INDEX)", String(index))]],
    ),
  );
  expect(Object.keys(given)).toEqual(["PGSERVICE", "PGSERVICEFILE"]);
  const env = {
    PATH: process.env.PATH,
    NO_COLOR: "1",
    ...given,
    PGSERVICEFILE: join(folder, "pg_service.conf"),
  };
  return runCommand({ parameters: [...words, "--jobs", folder], cwd: process.cwd(), env });
}

test("a variable that is named in another one comes before it", () => {
  const names = container.env.map(({ name }: Variable) => name);
  expect(names.indexOf("INDEX")).toBeLessThan(names.indexOf("PGSERVICE"));
  expect(container.env[0].valueFrom.fieldRef.fieldPath).toContain("batch.kubernetes.io/job-completion-index");
});

test("the pod of an index does its database, goes on with what was interrupted, and is done then", async () => {
  expect(await pod(3, ["run", "essay-word-count", "--canary", "1%"])).toMatchObject({ code: 75 });
  expect(await pod(3)).toMatchObject({ code: 0 });
  const [row] = await database.query(
    "select count(*) from essay_submission_essay where computed_word_count is null",
  );
  expect(row).toEqual({ count: "0" });
  const again = await pod(3);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain("Nothing is pending.");
});

test("an index without a database, and a server that is away, end with the codes that the policy knows", async () => {
  expect((await pod(9)).code).toBe(2);
  expect((await pod(4)).code).toBe(75);
});

test("the policy tries again what docs/commands.md calls resumable, and nothing that it calls failed or refused", () => {
  const meanings = new Map(
    tableRows(new Page("docs/commands.md").section("## Exit codes")).map(([code = "", means = ""]) => [
      code,
      means,
    ]),
  );
  expect(meanings.get("1")).toContain("failed");
  expect(meanings.get("2")).toContain("wrong usage");
  expect(meanings.get("3")).toContain("refused");
  expect(meanings.get("4")).toContain("rejects");
  expect(meanings.get("75")).toContain("resumable");
  const [ignored, failed, counted] = job.spec.podFailurePolicy.rules;
  expect(ignored).toEqual({ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] });
  expect(failed).toMatchObject({
    action: "FailIndex",
    onExitCodes: { operator: "In", values: [1, 2, 3, 4] },
  });
  expect(counted).toMatchObject({ action: "Count", onExitCodes: { operator: "In", values: [75] } });
});

test("the Job keeps the rules that Kubernetes has beyond its schema", () => {
  const { completionMode, backoffLimitPerIndex, maxFailedIndexes, completions, podFailurePolicy, template } =
    job.spec;
  // FailIndex needs these two; a policy needs a pod that Kubernetes does not start again by itself.
  expect(completionMode).toBe("Indexed");
  expect(backoffLimitPerIndex).toBeGreaterThan(0);
  expect(maxFailedIndexes).toBeLessThan(completions);
  expect(template.spec.restartPolicy).toBe("Never");
  for (const { onExitCodes } of podFailurePolicy.rules) {
    if (onExitCodes === undefined) continue;
    expect(onExitCodes.containerName).toBe(container.name);
    expect(onExitCodes.values).toEqual(
      [...new Set(onExitCodes.values)].toSorted((a, b) => Number(a) - Number(b)),
    );
    expect(onExitCodes.values).not.toContain(0);
  }
});
