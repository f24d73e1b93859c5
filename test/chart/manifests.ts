import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

/** An object of Kubernetes, as far as the tests look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a specification of its own.
  readonly spec: any;
}

/** What a pod is made of, with its labels. */
export interface Pod {
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly spec: any;
}

const golden = new URL("golden/", import.meta.url);

/** The names of the golden files, without their ending. */
export const goldenNames: readonly string[] = readdirSync(golden)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(/\.yaml$/, ""));

export function goldenText(name: string): string {
  return readFileSync(new URL(`${name}.yaml`, golden), "utf8");
}

/** The objects in a golden file. */
export function goldenManifests(name: string): readonly Manifest[] {
  return manifestsIn(goldenText(name));
}

/** The objects in a file of the checkout. */
export function manifestsOf(path: string): readonly Manifest[] {
  return manifestsIn(readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8"));
}

/** The objects in a text. Kubernetes reads YAML 1.1, where `no` is false and `1:30` a number. */
function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: "1.1", uniqueKeys: true })
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}

/** The template of the pods that an object makes; null if it makes none. */
export function podOf({ kind, spec }: Manifest): Pod | null {
  const template = kind === "CronJob" ? spec.jobTemplate.spec.template : spec?.template;
  return template === undefined ? null : { labels: template.metadata.labels, spec: template.spec };
}
