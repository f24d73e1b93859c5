import { describe, expect, test } from "vitest";
import {
  goldenManifests,
  goldenNames,
  goldenText,
  type Manifest,
  manifestsOf,
  type Pod,
  podOf,
} from "./manifests.ts";
import { faultsOf } from "./validate.ts";

const example = "deploy/examples/indexed-job.yaml";

/** What Helm makes of each set of values, and the example. */
const sets: readonly (readonly [name: string, manifests: readonly Manifest[]])[] = [
  ...goldenNames.map((name) => [name, goldenManifests(name)] as const),
  [example, manifestsOf(example)],
];

const pods: readonly (readonly [name: string, pod: Pod])[] = sets.flatMap(([name, manifests]) =>
  manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod === null ? [] : [[`${name}: ${manifest.kind} ${manifest.metadata.name}`, pod] as const];
  }),
);

describe("the schemas of Kubernetes, KEDA and the Prometheus Operator", () => {
  test.each(sets)("accept every object of %s, and know each of its fields", (_, manifests) => {
    expect(manifests.length).toBeGreaterThan(0);
    expect(manifests.flatMap(faultsOf)).toEqual([]);
  });

  // Go writes a great number of a values file so, and Kubernetes refuses it where it wants an integer.
  test.each(goldenNames)("no number in %s has an exponent", (name) => {
    expect(goldenText(name)).not.toMatch(/[\s"]\d(\.\d+)?e[+-]\d+/);
  });

  test.each(sets)("no two objects of %s have one name", (_, manifests) => {
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe.each(pods)("the pod of %s", (_, { spec }) => {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];

  test("runs as a user with a number, and not as root", () => {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
    expect(spec.securityContext.runAsGroup).toBeGreaterThan(0);
  });

  test("has no token, nothing of the node, and no variables of services", () => {
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    for (const name of ["hostNetwork", "hostPID", "hostIPC"]) expect(spec).not.toHaveProperty(name);
    const kinds = spec.volumes.flatMap(({ name, ...kind }: { name: string }) => Object.keys(kind));
    for (const kind of kinds)
      expect(["emptyDir", "secret", "configMap", "persistentVolumeClaim"]).toContain(kind);
  });

  test("has no privileges, and a root that it cannot write to", () => {
    for (const { securityContext } of containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
      });
  });

  test("may write to /tmp, which is bounded, and to no other volume", () => {
    for (const { volumeMounts } of containers) {
      const written = volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => readOnly !== true);
      expect(written).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
    }
    const tmp = spec.volumes.find(({ name }: { name: string }) => name === "tmp");
    expect(tmp).toEqual({ name: "tmp", emptyDir: { sizeLimit: "128Mi" } });
  });

  test("asks for what it takes, and takes no more", () => {
    for (const { resources } of containers) {
      expect(Object.keys(resources.requests)).toEqual(expect.arrayContaining(["cpu", "memory"]));
      expect(Object.keys(resources.limits)).toContain("memory");
    }
  });

  test("holds no secret as a text: only the name of a Secret", () => {
    for (const { envFrom = [], env = [], args = [] } of containers) {
      for (const source of envFrom) expect(Object.keys(source)).toEqual(["secretRef"]);
      expect(envFrom.length + env.length).toBeGreaterThan(0);
      for (const text of [...args, ...env.map(({ value = "" }) => value)])
        expect(text).not.toMatch(/password|:\/\/[^/@]*:[^/@]*@/i);
    }
  });

  test("mounts volumes that it has, each once", () => {
    const volumes = spec.volumes.map(({ name }: { name: string }) => name);
    expect(new Set(volumes).size).toBe(volumes.length);
    for (const { volumeMounts } of containers)
      expect(volumeMounts.map(({ name }: { name: string }) => name).toSorted()).toEqual(volumes.toSorted());
  });

  test("starts Node itself, which gets SIGTERM, and has a minute to end its batches", () => {
    for (const { command } of containers)
      expect(command.slice(0, 2)).toEqual(["node", "node_modules/tidefill/bin/tidefill.js"]);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
  });
});
