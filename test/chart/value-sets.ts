/** What every installation has to say. */
export const required = {
  image: { repository: "registry.example.com/team/backfills", tag: "2026-11-30" },
  existingSecret: "tidefill",
};

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

/** Values as people write them, by the name of the golden file that shows what Helm makes of them. */
export const valueSets: Readonly<Record<string, object>> = {
  smallest: required,
  digest: { ...required, image: { ...required.image, digest, pullPolicy: "Always" } },
  "fixed-replicas": {
    ...required,
    replicas: 6,
    worker: { slots: 4, targets: "eu-*", jobs: "nightly" },
    podDisruptionBudget: { enabled: true, maxUnavailable: "50%" },
  },
  "keda-from-zero": {
    ...required,
    // Ignored, since KEDA is enabled.
    replicas: 6,
    keda: { enabled: true, minReplicas: 0 },
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  },
  "keda-from-one": {
    ...required,
    worker: { slots: 4 },
    keda: { enabled: true, maxReplicas: 50, targetQueryValue: "4", pollingInterval: 5 },
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  },
  monitoring: {
    ...required,
    podMonitor: { enabled: true, interval: "5s", labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, labels: { release: "prometheus" }, oldestSeconds: 60 },
  },
  "network-policy": { ...required, networkPolicy: { enabled: true } },
  "network-policy-narrow": {
    ...required,
    metrics: { port: 9000, host: "::" },
    networkPolicy: {
      enabled: true,
      scraperNamespaceLabels: { "kubernetes.io/metadata.name": "monitoring" },
      egress: [{ cidr: "10.1.0.0/16", ports: [5432, 6432] }, { ports: [443] }],
    },
  },
  purge: {
    ...required,
    worker: { jobs: "nightly" },
    purge: { enabled: true, schedule: "0 4 * * Sun", timeZone: "Europe/Berlin", olderThan: "14d" },
    schemaInstall: { enabled: false },
  },
  "account-of-a-cloud": {
    ...required,
    serviceAccount: {
      annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/backfills" },
    },
  },
  "account-that-exists": { ...required, serviceAccount: { create: false, name: "backfills" } },
  files: {
    ...required,
    env: { PGSSLROOTCERT: "/etc/certificates/ca.pem", TZ: "UTC" },
    mounts: [
      { name: "certificates", configMap: "database-certificates", mountPath: "/etc/certificates" },
      { name: "client", secret: "client-certificate", mountPath: "/etc/client" },
      { name: "imports", claim: "imports", mountPath: "/imports" },
    ],
  },
  "names-like-numbers": {
    ...required,
    image: { ...required.image, tag: "1.10" },
    existingSecret: "123",
    fullnameOverride: "on",
    imagePullSecrets: ["1e3"],
    env: { NO: "no", Y: "1" },
    mounts: [{ name: "0", secret: "0x1", mountPath: "/1" }],
    serviceAccount: { create: false, name: "1" },
    priorityClassName: "null",
    podLabels: { team: "007" },
    purge: { enabled: true, timeZone: "UTC" },
  },
  "great-numbers": {
    ...required,
    replicas: 1_000_000,
    resources: { limits: { memory: 2_147_483_648 } },
    security: { runAsUser: 1_000_650_000, runAsGroup: 1_000_650_000 },
    terminationGracePeriodSeconds: 1_000_000,
    tolerations: [{ key: "batch", operator: "Exists", effect: "NoExecute", tolerationSeconds: 1_000_000 }],
    schemaInstall: { activeDeadlineSeconds: 1_000_000 },
    podDisruptionBudget: { enabled: true, maxUnavailable: 1_000_000 },
  },
  everything: {
    ...required,
    imagePullSecrets: ["registry"],
    fullnameOverride: "backfills",
    env: { HTTPS_PROXY: "http://proxy.example.com:3128" },
    mounts: [{ name: "certificates", configMap: "database-certificates", mountPath: "/etc/certificates" }],
    resources: {
      requests: { cpu: 1, memory: "1Gi", "ephemeral-storage": "1Gi" },
      limits: { cpu: null, memory: "1Gi" },
    },
    security: { runAsUser: 1001, runAsGroup: 1001 },
    terminationGracePeriodSeconds: 120,
    podLabels: { team: "platform" },
    podAnnotations: { "example.com/owner": "platform" },
    nodeSelector: { "kubernetes.io/arch": "amd64" },
    tolerations: [{ key: "batch", operator: "Equal", value: "yes", effect: "NoSchedule" }],
    priorityClassName: "batch",
    topologyKeys: ["topology.kubernetes.io/zone"],
    purge: { enabled: true },
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    networkPolicy: { enabled: true },
    keda: { enabled: true },
    podDisruptionBudget: { enabled: true },
  },
};
