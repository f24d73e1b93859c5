import { describe, expect, test } from "vitest";
import { goldenManifests, goldenNames, type Manifest, podOf } from "./manifests.ts";

const all = new Map(goldenNames.map((name) => [name, goldenManifests(name)]));

/** The one object of a kind that Helm makes of a set of values. */
function only(set: string, kind: string): Manifest {
  const found = all.get(set)?.filter((manifest) => manifest.kind === kind) ?? [];
  if (found.length !== 1) throw new Error(`${set} has ${found.length} objects of the kind ${kind}.`);
  return found[0]!;
}

const kindsOf = (set: string): readonly string[] =>
  all
    .get(set)
    ?.map(({ kind, metadata }) => (metadata.annotations?.["helm.sh/hook"] ? `hook ${kind}` : kind)) ?? [];

const containerOf = (manifest: Manifest) => podOf(manifest)?.spec.containers[0];

test("the smallest set of values makes workers and the hook that installs the queue's schema", () => {
  expect(kindsOf("smallest").toSorted()).toEqual([
    "Deployment",
    "ServiceAccount",
    "hook Job",
    "hook ServiceAccount",
  ]);
  expect(containerOf(only("smallest", "Job"))).toMatchObject({
    command: ["node", "node_modules/tidefill/bin/tidefill.js", "schema", "install"],
    args: ["--queue"],
  });
});

test("no set of values makes a role, a service or a secret", () => {
  const kinds = new Set([...all.values()].flat().map(({ kind }) => kind));
  for (const kind of ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret", "Service"])
    expect(kinds).not.toContain(kind);
});

test.each([...all])(
  "each object of %s is in the release's namespace and has the recommended labels",
  (_, manifests) => {
    for (const { metadata } of manifests) {
      expect(metadata.namespace).toBe("backfills");
      expect(Object.keys(metadata.labels ?? {})).toEqual(
        expect.arrayContaining(
          ["name", "instance", "version", "component", "part-of", "managed-by"].map(
            (label) => `app.kubernetes.io/${label}`,
          ),
        ),
      );
    }
  },
);

test.each([...all])("each selector of %s finds the workers, or all pods of the release", (_, manifests) => {
  const pods = manifests.flatMap((manifest) => podOf(manifest) ?? []);
  for (const { kind, spec } of manifests) {
    const { matchLabels } = spec?.podSelector ?? (kind === "Job" ? undefined : spec?.selector) ?? {};
    if (matchLabels === undefined) continue;
    const found = pods.filter(({ labels }) =>
      Object.entries(matchLabels).every(([name, value]) => labels[name] === value),
    );
    expect(found.length, kind).toBe(kind === "NetworkPolicy" ? pods.length : 1);
    expect(Object.keys(matchLabels).join()).not.toContain("version");
  }
});

describe("the workers", () => {
  test("ask the metrics' port whether they are ready and alive", () => {
    for (const manifests of all.values()) {
      const worker = containerOf(manifests.find(({ kind }) => kind === "Deployment")!);
      expect(worker.ports.map(({ name }: { name: string }) => name)).toEqual(["metrics"]);
      const asked = ["startupProbe", "readinessProbe", "livenessProbe"].map((probe) => worker[probe].httpGet);
      expect(asked.map(({ path }) => path)).toEqual(["/readyz", "/readyz", "/healthz"]);
      expect(new Set(asked.map(({ port }) => port))).toEqual(new Set(["metrics"]));
      const port = worker.args[worker.args.indexOf("--metrics-port") + 1];
      expect(Number(port)).toBe(worker.ports[0].containerPort);
    }
  });

  test("get their parameters from the values", () => {
    expect(containerOf(only("fixed-replicas", "Deployment")).args.join(" ")).toBe(
      "--slots 4 --targets eu-* --jobs nightly --metrics-port 9464 --metrics-host 0.0.0.0",
    );
    expect(containerOf(only("network-policy-narrow", "Deployment")).args.join(" ")).toBe(
      "--slots 2 --metrics-port 9000 --metrics-host ::",
    );
  });

  test("are counted by the values, or by KEDA, never by both", () => {
    expect(only("fixed-replicas", "Deployment").spec.replicas).toBe(6);
    for (const set of ["keda-from-zero", "keda-from-one", "everything"])
      expect(only(set, "Deployment").spec).not.toHaveProperty("replicas");
  });

  test("run the image by its digest where there is one", () => {
    expect(containerOf(only("smallest", "Deployment")).image).toBe(
      "registry.example.com/team/backfills:2026-11-30",
    );
    expect(containerOf(only("digest", "Deployment")).image).toMatch(
      /^registry\.example\.com\/team\/backfills@sha256:/,
    );
  });
});

test("KEDA scales the workers, by the address that they have", () => {
  const { spec } = only("keda-from-zero", "ScaledObject");
  const worker = only("keda-from-zero", "Deployment");
  expect(spec.scaleTargetRef).toEqual({
    name: worker.metadata.name,
    envSourceContainerName: containerOf(worker).name,
  });
  expect(spec).toMatchObject({ minReplicaCount: 0, maxReplicaCount: 10, cooldownPeriod: 120 });
  expect(spec.triggers).toEqual([
    {
      type: "postgresql",
      metadata: {
        connectionFromEnv: "TIDEFILL_QUEUE_URL",
        query:
          "select count(*) from tidefill_queue.job where name = 'run' and state in ('created','retry','active') and start_after <= now()",
        targetQueryValue: "1",
        activationTargetQueryValue: "0",
      },
    },
  ]);
});

test("the hook's Job needs no account that Helm makes after it", () => {
  for (const [set, manifests] of all) {
    const job = manifests.find(({ kind, metadata }) => kind === "Job" && metadata.annotations);
    if (job === undefined) continue;
    const name = podOf(job)?.spec.serviceAccountName;
    const accounts = manifests.filter(({ kind }) => kind === "ServiceAccount");
    const own = accounts.find(({ metadata }) => metadata.name === name);
    if (accounts.length === 0) continue;
    expect(own?.metadata.annotations, set).toMatchObject({
      "helm.sh/hook": "pre-install,pre-upgrade",
      "helm.sh/hook-weight": "-5",
    });
  }
});

test("an account of a cloud is one of the hook's Job too", () => {
  const accounts = all.get("account-of-a-cloud")?.filter(({ kind }) => kind === "ServiceAccount") ?? [];
  expect(accounts.length).toBe(2);
  for (const { metadata } of accounts)
    expect(metadata.annotations).toHaveProperty(["eks.amazonaws.com/role-arn"]);
});

test("a purge that left something, or that is refused, is not tried again at once", () => {
  const { spec } = only("purge", "CronJob");
  expect(spec).toMatchObject({
    schedule: "0 4 * * Sun",
    timeZone: "Europe/Berlin",
    concurrencyPolicy: "Forbid",
  });
  expect(containerOf(only("purge", "CronJob")).args).toEqual([
    "--all-targets",
    "--yes",
    "--older-than",
    "14d",
    "--jobs",
    "nightly",
  ]);
  expect(spec.jobTemplate.spec.podFailurePolicy.rules[0]).toMatchObject({
    action: "FailJob",
    onExitCodes: { values: [2, 3, 4] },
  });
});
