import { UsageError } from "../../errors.ts";

/**
 * A value as a parameter of a statement: texts, numbers, bigints, booleans, bytes, null, arrays of them, and
 * plain objects as JSON. Refuses values that the driver would convert silently. @throws UsageError
 */
export function asParameter(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
      return value;
    case "bigint":
      return value.toString();
    case "undefined":
      throw new UsageError("A value in sql`…` is undefined.", { remedy: "Use null for an SQL null." });
    case "object":
      return value === null || value instanceof Uint8Array ? value : asObject(value);
    default:
      throw refused(`a ${typeof value}`, "Call it, or pass its value.");
  }
}

function asObject(value: object): unknown {
  if (Array.isArray(value)) return Array.from(value, asParameter);
  if (value instanceof Date)
    throw refused(
      "a Date, which has neither microseconds nor a time zone of its own",
      "Pass it as a text, date.toISOString(), and cast that: sql`created_at < …::timestamptz`",
    );
  const prototype: unknown = Object.getPrototypeOf(value);
  if (value instanceof Promise) value.catch(() => {});
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw refused(
      nameOf(value),
      "Pass a text, a number, a bigint, a boolean, bytes, null, or an array of these.",
    );
  try {
    return JSON.stringify(value);
  } catch {
    throw refused("an object that is not JSON", "Pass it as the text of a JSON value: JSON.stringify(…)");
  }
}

function nameOf(value: object): string {
  const { name } = value.constructor;
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
}

function refused(what: string, remedy: string): UsageError {
  return new UsageError(`A value in sql\`…\` is ${what}.`, { remedy });
}
