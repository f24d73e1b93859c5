import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { chart, findHelm, Helm } from "./helm.ts";
import { goldenNames } from "./manifests.ts";
import { required, valueSets } from "./value-sets.ts";

const { path, why } = findHelm();
if (why !== null) console.warn(`test/chart/rendered.test.ts ${why}`);

test("each golden file belongs to a set of values", () => {
  expect(goldenNames.toSorted()).toEqual(Object.keys(valueSets).toSorted());
});

describe.skipIf(path === null)(why ?? "with Helm", () => {
  const helm = new Helm(path ?? "");

  test.each(Object.entries(valueSets))(
    "helm lint --strict finds nothing in the chart with the values of %s",
    (_, values) => {
      const { code, stdout, stderr } = helm.run(["lint", "--strict", chart, "--quiet"], values);
      expect(`${stdout}${stderr}`).toBe("");
      expect(code).toBe(0);
    },
  );

  test.each(Object.entries(valueSets))(
    "the values of %s give the golden file of that name",
    async (name, values) => {
      const { code, stdout, stderr } = helm.template(values);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      await expect(stdout).toMatchFileSnapshot(`golden/${name}.yaml`);
    },
  );

  test("names fit into Kubernetes' limits, however long the release's name is", () => {
    const values = { ...required, purge: { enabled: true } };
    const { stdout } = helm.template(values, "a-release-with-the-longest-name-that-helm-lets-you-us");
    const names = parseAllDocuments(stdout).map((each) => [
      each.getIn(["kind"]),
      each.getIn(["metadata", "name"]),
    ]);
    expect(names.length).toBe(5);
    for (const [kind, name] of names)
      expect(String(name).length, String(name)).toBeLessThanOrEqual(kind === "CronJob" ? 52 : 63);
  });

  test("a parent chart may hand down its global values", () => {
    expect(helm.template({ ...required, global: { region: "eu" } }).code).toBe(0);
  });

  test("the notes say how to hand in work, and what to do while KEDA has no worker", () => {
    const notes = (values: object) =>
      helm
        .run(["install", "demo", chart, "--namespace", "backfills", "--dry-run=client"], values)
        .stdout.split("NOTES:")[1];
    expect(notes(required)).toContain(
      "deploy/demo-tidefill -- node node_modules/tidefill/bin/tidefill.js enqueue <job>",
    );
    expect(notes(required)).not.toContain("KEDA");
    expect(notes({ ...required, keda: { enabled: true, minReplicas: 0 } })).toContain(
      "KEDA starts the first worker",
    );
  });
});
