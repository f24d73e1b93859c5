import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { CronJob } from "kubernetes-models/batch/v1/CronJob";
import { Job } from "kubernetes-models/batch/v1/Job";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Manifest } from "./manifests.ts";

interface Kind {
  readonly prototype: { validate(): void };
}

const kinds: Readonly<Record<string, Kind>> = {
  "apps/v1 Deployment": Deployment,
  "batch/v1 CronJob": CronJob,
  "batch/v1 Job": Job,
  "keda.sh/v1alpha1 ScaledObject": ScaledObject,
  "monitoring.coreos.com/v1 PodMonitor": PodMonitor,
  "monitoring.coreos.com/v1 PrometheusRule": PrometheusRule,
  "networking.k8s.io/v1 NetworkPolicy": NetworkPolicy,
  "policy/v1 PodDisruptionBudget": PodDisruptionBudget,
  "v1 ServiceAccount": ServiceAccount,
};

/** What is wrong with a manifest by the schemas of Kubernetes and of the operators; nothing if it is right. */
export function faultsOf(manifest: Manifest): readonly string[] {
  const kind = kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (kind === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  const reads = new Map<object, Set<string>>();
  try {
    kind.prototype.validate.call(watched(manifest, reads));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return unread(manifest, reads, "");
}

/**
 * The value, with a note of each member that is read. The schemas are compiled: they read every member that
 * they know, and every member of a map such as labels, so that a member which none has read is unknown.
 */
function watched<Value>(value: Value, reads: Map<object, Set<string>>): Value {
  if (typeof value !== "object" || value === null) return value;
  const names = reads.get(value) ?? new Set();
  reads.set(value, names);
  return new Proxy(value, {
    get(target, name) {
      if (typeof name === "string") names.add(name);
      return watched(Reflect.get(target, name), reads);
    },
  });
}

/** The members that no schema has read, by their paths. */
function unread(value: unknown, reads: ReadonlyMap<object, Set<string>>, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`;
    return reads.get(value)?.has(name) === true ? unread(member, reads, at) : [`unknown: ${at.slice(1)}`];
  });
}
