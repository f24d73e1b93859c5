import { UsageError } from "../../errors.ts";
import { FromEnv, type NamedTarget } from "./define-targets.ts";

/** Where a target's rows are, and the schema of tidefill's own tables there. */
export interface TargetAddress {
  readonly connectionString: string;
  readonly schema: string;
}

/** Longer names of schemas are cut by PostgreSQL. */
const longestName = 63;

/**
 * How to reach a target. Its tenant's schema becomes the search path of each transaction.
 * @throws UsageError when its address is not known on this machine; never with the address
 */
export async function targetAddress(target: NamedTarget, schema = "tidefill"): Promise<TargetAddress> {
  return addressOf(target, await urlOf(target), schema);
}

/** The same for its operator role; null where the target names none. */
export async function operatorAddress(
  target: NamedTarget,
  schema = "tidefill",
): Promise<TargetAddress | null> {
  const { name, operatorUrl } = target;
  if (operatorUrl === undefined) return null;
  return addressOf(target, await urlOf({ name, url: operatorUrl }), schema);
}

function addressOf(target: NamedTarget, url: string, schema: string): TargetAddress {
  if (target.schema === undefined) return { connectionString: url, schema };
  const own = `${schema}_${target.schema}`;
  if (Buffer.byteLength(own) > longestName)
    throw new UsageError(`The schema of the target "${target.name}" has too long a name for ${own}.`, {
      remedy: `Tidefill's own schema is named after it: up to ${longestName - schema.length - 1} bytes.`,
    });
  return { connectionString: withSchema(url, target.schema), schema: own };
}

async function urlOf({ name, url }: Pick<NamedTarget, "name" | "url">): Promise<string> {
  if (url instanceof FromEnv) {
    const value = process.env[url.name];
    if (value !== undefined && value !== "") return value;
    throw new UsageError(`The address of the target "${name}" is not known here: ${url.name} is not set.`, {
      remedy: `Set ${url.name} on each machine that works on this target.`,
    });
  }
  const address = typeof url === "function" ? await addressFrom(name, url) : url;
  if (typeof address === "string" && address !== "") return address;
  throw new UsageError(`The target "${name}" has no address.`, {
    remedy: 'Give it one: url: fromEnv("SCHOOL_001_URL").',
  });
}

/** What the function throws may hold the address. */
async function addressFrom(name: string, url: () => string | Promise<string>): Promise<string> {
  try {
    return await url();
  } catch {
    throw new UsageError(`The function that gives the address of the target "${name}" failed.`, {
      remedy: "Its error may hold the address, so it is not shown. Call it by itself to see the error.",
    });
  }
}

function withSchema(address: string, schema: string): string {
  if (!/^postgres(ql)?:\/\//.test(address))
    return `${address} schema='${schema.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  const sign = address.includes("?") ? "&" : "?";
  return `${address}${sign}schema=${encodeURIComponent(schema)}`;
}
