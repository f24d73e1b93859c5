import type { ParsedColumnType } from "../../job/columns/column-types.ts";

type Scalar = ParsedColumnType["scalar"];

const wholeNumbers = {
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

const special: Readonly<Record<string, string>> = {
  nan: "NaN",
  inf: "Infinity",
  infinity: "Infinity",
  "+inf": "Infinity",
  "+infinity": "Infinity",
  "-inf": "-Infinity",
  "-infinity": "-Infinity",
};

const truths: Readonly<Record<string, string>> = {
  t: "t",
  true: "t",
  yes: "t",
  y: "t",
  on: "t",
  "1": "t",
  f: "f",
  false: "f",
  no: "f",
  n: "f",
  off: "f",
  "0": "f",
};

/**
 * A text of a file as PostgreSQL would print it, for types that JavaScript must read; null when it is not a
 * value of the type. PostgreSQL itself parses dates and times, which have many forms.
 */
export function scalarText(scalar: Scalar, text: string): string | null {
  switch (scalar) {
    case "smallint":
    case "integer":
    case "bigint":
      return wholeNumber(scalar, text.trim());
    case "real":
    case "double precision":
      return floatingNumber(scalar, text.trim());
    case "numeric":
      return special[text.trim().toLowerCase()] ?? (decimal.test(text.trim()) ? text.trim() : null);
    case "boolean":
      return truths[text.trim().toLowerCase()] ?? null;
    case "bytea":
      return /^\\x[0-9a-f]*$/i.test(text) && text.length % 2 === 0 ? text : null;
    case "json":
    case "jsonb":
    case "json text":
    case "jsonb text":
      return isJson(text) ? text : null;
    case "uuid":
      return /^(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}$/i.test(text.trim()) ? text.trim() : null;
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "interval":
      return text.trim() === "" ? null : text;
    default:
      return text;
  }
}

/** Why `scalarText` returned null. */
export function misfit(scalar: Scalar): string {
  switch (scalar) {
    case "smallint":
    case "integer":
    case "bigint":
      return `not a whole number from ${wholeNumbers[scalar][0]} to ${wholeNumbers[scalar][1]}`;
    case "real":
    case "double precision":
      return "not a number, or beyond its range";
    case "numeric":
      return "not a number";
    case "boolean":
      return "neither true nor false";
    case "bytea":
      return "not \\x and pairs of hexadecimal digits";
    case "json":
    case "jsonb":
    case "json text":
    case "jsonb text":
      return "not JSON";
    case "uuid":
      return "not a UUID";
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "interval":
      return "empty";
    default:
      return "not a text";
  }
}

function wholeNumber(scalar: keyof typeof wholeNumbers, text: string): string | null {
  // The length is limited because BigInt is slow for a million digits.
  if (!/^[+-]?0*\d{1,19}$/.test(text)) return null;
  const [least, most] = wholeNumbers[scalar];
  const value = BigInt(text.replace(/^\+/, ""));
  return value < least || value > most ? null : value.toString();
}

function floatingNumber(scalar: "real" | "double precision", text: string): string | null {
  const named = special[text.toLowerCase()];
  if (named !== undefined) return named;
  if (!decimal.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(scalar === "real" ? Math.fround(value) : value) ? text : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
