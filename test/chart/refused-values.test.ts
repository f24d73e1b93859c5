import { describe, expect, test } from "vitest";
import { findHelm, Helm } from "./helm.ts";
import { required } from "./value-sets.ts";

const { path, why } = findHelm();
if (why !== null) console.warn(`test/chart/refused-values.test.ts ${why}`);

const image = required.image;

/** Values that the schema refuses, and the place that the message names. */
const refusedBySchema: readonly (readonly [values: object, said: string])[] = [
  [{ replicaCount: 2 }, "additional properties 'replicaCount' not allowed"],
  [{ replicas: "two" }, "at '/replicas': got string, want integer"],
  [{ password: "secret" }, "additional properties 'password' not allowed"],
  [{ image: { ...image, tag: 1.1 } }, "at '/image/tag': got number, want string"],
  [{ image: { ...image, digest: "sha256:abc" } }, "at '/image/digest'"],
  [{ image: { ...image, repository: "registry.example.com/backfills:1" } }, "at '/image/repository'"],
  [{ worker: { slots: 0 } }, "at '/worker/slots': minimum: got 0, want 1"],
  [{ worker: { target: "eu-*" } }, "at '/worker': additional properties 'target' not allowed"],
  [{ security: { runAsUser: 0 } }, "at '/security/runAsUser': minimum: got 0, want 1"],
  [{ resources: { requests: { cpu: null } } }, "at '/resources/requests': missing property 'cpu'"],
  [{ resources: { limits: { memory: "1 GB" } } }, "at '/resources/limits/memory'"],
  [{ purge: { schedule: "every night" } }, "at '/purge/schedule'"],
  [{ purge: { olderThan: "a month" } }, "at '/purge/olderThan'"],
  [{ keda: { targetQueryValue: 2 } }, "at '/keda/targetQueryValue': got number, want string"],
  [{ mounts: [{ name: "files", mountPath: "/files" }] }, "at '/mounts/0'"],
  [
    { networkPolicy: { egress: [{ cidr: "db.example.com", ports: [5432] }] } },
    "at '/networkPolicy/egress/0/cidr'",
  ],
  [{ podLabels: { "app.kubernetes.io/name": "other" } }, "at '/podLabels/app.kubernetes.io~1name'"],
];

/** Values that the templates refuse, and what the message says to do. */
const refusedByTemplates: readonly (readonly [values: object, said: string])[] = [
  [{ image: { tag: "1" } }, "image.repository is missing. Name the image that you built with your jobs"],
  [{ image: { repository: image.repository, tag: "" } }, "image.tag and image.digest are missing. Name one"],
  [{ existingSecret: "" }, "existingSecret is missing. Make a Secret with TIDEFILL_QUEUE_URL"],
  [
    { env: { DATABASE_URL: "postgres://db/school" } },
    "env.DATABASE_URL looks like a secret. Put it into the Secret",
  ],
  [{ env: { OTHER: "postgres://filler:word@db/school" } }, "env.OTHER looks like a secret."],
  [{ prometheusRule: { enabled: true } }, "prometheusRule.enabled needs podMonitor.enabled"],
  [
    { keda: { enabled: true, minReplicas: 9, maxReplicas: 3 } },
    "keda.minReplicas (9) is more than keda.maxReplicas (3).",
  ],
];

describe.skipIf(path === null)(why ?? "with Helm", () => {
  const helm = new Helm(path ?? "");

  test.each([...refusedBySchema, ...refusedByTemplates])("%j is refused: %s", (values, said) => {
    const { code, stdout, stderr } = helm.template({ ...required, ...values });
    expect(stderr).toContain(said);
    expect(code).toBe(1);
    expect(stdout).toBe("");
  });
});
