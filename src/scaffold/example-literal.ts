import { parseColumnType } from "../job/columns/column-types.ts";
import type { EnumType } from "./enum-type.ts";

/**
 * For each type a value in TypeScript, and an SQL expression that gives another value for each number `g`.
 */
const examples: Readonly<Record<string, readonly [literal: string, expression: string]>> = {
  smallint: ["0", "g"],
  integer: ["0", "g"],
  bigint: ["0n", "g"],
  real: ["0.5", "g"],
  "double precision": ["0.5", "g"],
  numeric: ['"0.5"', "g"],
  boolean: ["false", "g % 2 = 0"],
  uuid: ['"00000000-0000-0000-0000-000000000000"', "md5(g::text)::uuid"],
  date: ['"2024-01-01"', "date '2024-01-01' + g"],
  time: ['"12:00:00"', "time '12:00:00' + g * interval '1 second'"],
  timestamp: ['"2024-01-01 12:00:00"', "timestamp '2024-01-01 12:00:00' + g * interval '1 day'"],
  timestamptz: ['"2024-01-01 12:00:00+00"', "timestamptz '2024-01-01 12:00:00+00' + g * interval '1 day'"],
  interval: ['"1 day"', "g * interval '1 day'"],
  bytea: ["new Uint8Array()", "convert_to(g::text, 'UTF8')"],
  json: ["{}", "json_build_object('g', g)"],
  jsonb: ["{}", "jsonb_build_object('g', g)"],
};

/** A value of the type in TypeScript; `enumType` is the type in PostgreSQL where that is an enum. */
export function exampleLiteral(type: string, enumType?: EnumType): string {
  if (type.endsWith("?")) return "null";
  if (enumType !== undefined) return JSON.stringify(enumType.labels[0]);
  const parsed = parseColumnType(type);
  return parsed?.isArray ? "[]" : (examples[parsed?.scalar ?? ""]?.[0] ?? '""');
}

/** An SQL expression that gives the column a value for each number `g`. */
export function exampleInSql(column: string, type: string, enumType?: EnumType): string {
  if (enumType !== undefined)
    return `(enum_range(null::${enumType.name}))[1 + g % ${enumType.labels.length}]`;
  const parsed = parseColumnType(type);
  const words = column.replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim();
  const one = examples[parsed?.scalar ?? ""]?.[1] ?? `'${words} ' || g`;
  return parsed?.isArray ? `array[${one}]` : one;
}
