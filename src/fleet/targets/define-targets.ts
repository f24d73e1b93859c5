import { TidefillError, UsageError } from "../../errors.ts";

/** A variable of the environment that holds an address; it is read when a process connects. */
export class FromEnv {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The address of a target is in this variable of the environment, on every machine that works on it. */
export function fromEnv(name: string): FromEnv {
  return new FromEnv(name);
}

/** A database, or the schema of a tenant in one. */
export interface Target {
  /** `postgres://…`, or `host=… dbname=…`; `fromEnv(…)`, or a function, keep it out of the file */
  readonly url: string | FromEnv | (() => string | Promise<string>);
  /** the same database for the operator role: with it, the buttons of `tidefill serve` pause, cancel and set */
  readonly operatorUrl?: Target["url"];
  /** the server that it shares with other targets: `atOncePerGroup` counts by it; its own name when absent */
  readonly group?: string;
  /** the schema of a tenant: tables without a schema are found there; tidefill's own are in `tidefill_<schema>` */
  readonly schema?: string;
}

/** A target with its name, as a row of a table of tenants. */
export interface NamedTarget extends Target {
  readonly name: string;
}

/** What the targets of a fleet have in common. */
export interface TargetOptions {
  /** how many targets of one group the whole fleet works on at once; without a limit when absent */
  readonly atOncePerGroup?: number;
}

/** Made by `defineTargets`, the default export of `tidefill.targets.ts`. */
export interface Targets {
  readonly kind: "tidefill targets";
  /** in the order in which waves take them */
  readonly all: () => Promise<readonly NamedTarget[]>;
  readonly atOncePerGroup: number | null;
}

type Given =
  | Readonly<Record<string, Target>>
  | (() => readonly NamedTarget[] | Promise<readonly NamedTarget[]>);

/**
 * Names the databases, or the tenants' schemas, that jobs may run on: an object by name, or a function that
 * reads them from a table of tenants.
 * @throws UsageError for a name or a limit that cannot be used
 */
export function defineTargets(given: Given, options: TargetOptions = {}): Targets {
  const { atOncePerGroup = null } = options;
  if (atOncePerGroup !== null && !(Number.isInteger(atOncePerGroup) && atOncePerGroup >= 1)) {
    throw new UsageError(`\`atOncePerGroup\` must be a whole number from 1, got ${String(atOncePerGroup)}.`, {
      remedy: "Write defineTargets({ … }, { atOncePerGroup: 2 }).",
    });
  }
  const read = async (): Promise<readonly NamedTarget[]> => {
    if (typeof given !== "function")
      return Object.entries(given).map(([name, target]) => ({ name, ...target }));
    try {
      return await given();
    } catch {
      throw new TidefillError("targets-unknown", "The function that lists the targets failed.", {
        remedy: "Its error may hold an address, so it is not shown. Call it by itself to see the error.",
      });
    }
  };
  return { kind: "tidefill targets", all: async () => checked(await read()), atOncePerGroup };
}

/** Whether a value was made by `defineTargets`. */
export function isTargets(value: unknown): value is Targets {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tidefill targets";
}

/** The server that a target shares with other targets; its own name where it is alone. */
export function groupOf({ name, group }: NamedTarget): string {
  return group ?? name;
}

function checked(targets: readonly NamedTarget[]): readonly NamedTarget[] {
  const seen = new Set<string>();
  for (const { name, schema } of targets) {
    if (!/^[A-Za-z0-9][\w.:-]{0,99}$/.test(name))
      throw new UsageError(`"${name}" cannot be the name of a target.`, {
        remedy: "Use up to 100 letters, digits and . _ : -, beginning with a letter or a digit.",
      });
    if (seen.has(name)) throw new UsageError(`There are two targets named "${name}".`);
    if (schema === "") throw new UsageError(`The schema of the target "${name}" has no name.`);
    seen.add(name);
  }
  return targets;
}
