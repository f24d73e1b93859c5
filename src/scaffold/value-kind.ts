import { parseColumnType } from "../job/columns/column-types.ts";

/** What a value of a described type is in JavaScript. */
export type ValueKind = "number" | "bigint" | "string" | "boolean" | "bytes" | "json";

/** The kind of the type's values, apart from array and null. */
export function valueKind(type: string): ValueKind {
  switch (parseColumnType(type)?.scalar) {
    case "smallint":
    case "integer":
    case "real":
    case "double precision":
      return "number";
    case "bigint":
      return "bigint";
    case "boolean":
      return "boolean";
    case "bytea":
      return "bytes";
    case "json":
    case "jsonb":
      return "json";
    default:
      return "string";
  }
}
