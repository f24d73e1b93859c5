import { expect, test } from "vitest";
import { requireIntegrity } from "./helm.ts";
import { goldenManifests, type Manifest, podOf } from "./manifests.ts";
import { fileInZip } from "./unzip.ts";
import { faultsOf } from "./validate.ts";

const containerOf = (manifest: Manifest) => podOf(manifest)?.spec.containers[0];

// biome-ignore lint/suspicious/noExplicitAny: a fault may be anywhere.
type Fault = (manifest: any) => void;

/** Faults that people make, the kind of object that has them, and what the validator says. */
const faults: readonly (readonly [said: string, kind: string, fault: Fault])[] = [
  ["unknown: spec.replica", "Deployment", ({ spec }) => (spec.replica = 2)],
  [
    "unknown: spec.template.spec.containers[0].imagePullPolcy",
    "Deployment",
    (it) => (containerOf(it).imagePullPolcy = "Always"),
  ],
  [
    "unknown: spec.template.spec.containers[0].resources.limit",
    "Deployment",
    (it) => (containerOf(it).resources.limit = {}),
  ],
  [
    "unknown: spec.template.spec.securityContext.runAsNonroot",
    "Job",
    (it) => (it.spec.template.spec.securityContext.runAsNonroot = true),
  ],
  [
    "unknown: spec.podFailurePolicy.rules[0].onExitCode",
    "Job",
    ({ spec }) => (spec.podFailurePolicy.rules[0].onExitCode = {}),
  ],
  [
    "unknown: spec.jobTemplate.spec.timeZone",
    "CronJob",
    ({ spec }) => (spec.jobTemplate.spec.timeZone = "UTC"),
  ],
  ["unknown: metadata.label", "ServiceAccount", ({ metadata }) => (metadata.label = {})],
  [
    "unknown: automountServiceAccountTokens",
    "ServiceAccount",
    (it) => (it.automountServiceAccountTokens = false),
  ],
  ["unknown: spec.scaleTargetRef.nmae", "ScaledObject", ({ spec }) => (spec.scaleTargetRef.nmae = "worker")],
  ["unknown: spec.triggers[0].metaData", "ScaledObject", ({ spec }) => (spec.triggers[0].metaData = {})],
  [
    "unknown: spec.podMetricsEndpoints[0].intervall",
    "PodMonitor",
    ({ spec }) => (spec.podMetricsEndpoints[0].intervall = "5s"),
  ],
  [
    "unknown: spec.groups[0].rules[0].annotation",
    "PrometheusRule",
    ({ spec }) => (spec.groups[0].rules[0].annotation = {}),
  ],
  ["unknown: spec.egress[0].port", "NetworkPolicy", ({ spec }) => (spec.egress[0].port = 53)],
  ["unknown: spec.minAvailble", "PodDisruptionBudget", ({ spec }) => (spec.minAvailble = 1)],
  ["data/spec/minReplicaCount must be integer", "ScaledObject", ({ spec }) => (spec.minReplicaCount = "1")],
  [
    "data/spec/revisionHistoryLimit must be integer",
    "Deployment",
    ({ spec }) => (spec.revisionHistoryLimit = "3"),
  ],
  ["must have required property selector", "Deployment", ({ spec }) => delete spec.selector],
  [
    "data/spec/template/spec/containers/0/resources/limits/memory",
    "Deployment",
    (it) => (containerOf(it).resources.limits.memory = "1 GB"),
  ],
  [
    "data/spec/podFailurePolicy/rules/0/action",
    "Job",
    ({ spec }) => (spec.podFailurePolicy.rules[0].action = "Fail"),
  ],
  ["no schema for apps/v1beta3 Deployment", "Deployment", (it) => (it.apiVersion = "apps/v1beta3")],
];

test.each(faults)("%s: the validator finds it in a %s", (said, kind, fault) => {
  const manifest = goldenManifests("everything").find((each) => each.kind === kind);
  if (manifest === undefined) throw new Error(`No golden ${kind}.`);
  expect(faultsOf(manifest)).toEqual([]);
  fault(manifest);
  const found = faultsOf(manifest);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(said);
});

test("a package that is not the pinned one is refused", () => {
  const data = Buffer.from("a package");
  const integrity = "sha256-M1NVwPPLnUXIWkpJzKN0tTU5lGvBg9Lh9vl7RfI6oFQ=";
  expect(() => requireIntegrity("it", data, integrity)).toThrow(`it must be ${integrity}`);
});

test("a file that is no zip archive, or lacks the file, is refused", () => {
  expect(() => fileInZip(Buffer.alloc(100), "helm")).toThrow("This is no zip archive");
  const empty = Buffer.from(`504b0506${"00".repeat(18)}`, "hex");
  expect(() => fileInZip(empty, "helm")).toThrow("no file helm");
});
