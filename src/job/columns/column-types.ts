/**
 * A `numeric` in JavaScript: a text with every digit; any string may stand for it. It is not a number:
 * `amount + 1` would append a 1. It is not a `string` to TypeScript either, so that `amount + 1` does not
 * compile; write `Number(amount)` or `String(amount)`.
 */
// biome-ignore lint/complexity/noBannedTypes: it has what a string has without being one
export interface Numeric extends String {}

/** Values of `jsonb` and `json` columns. What a transform leaves unchanged keeps its text, digit by digit. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The PostgreSQL types that a table's description may name, and the JavaScript types of their values. */
interface Values {
  smallint: number;
  integer: number;
  bigint: bigint;
  real: number;
  "double precision": number;
  numeric: Numeric;
  boolean: boolean;
  /** also for every type without a name here: the value as PostgreSQL prints it */
  text: string;
  varchar: string;
  char: string;
  uuid: string;
  date: string;
  time: string;
  timestamp: string;
  timestamptz: string;
  interval: string;
  bytea: Uint8Array;
  json: Json;
  jsonb: Json;
  "json text": string;
  "jsonb text": string;
}

type Scalar = keyof Values;

/** A column in a table's description: a type, `[]` for an array, `?` for a nullable column. */
export type ColumnType = Scalar | `${Scalar}?` | `${Scalar}[]` | `${Scalar}[]?`;

/** The JavaScript type of a column's values. */
export type ValueOf<Type extends string> = Type extends `${infer NotNull}?`
  ? ValueOf<NotNull> | null
  : Type extends `${infer Element}[]`
    ? readonly (ValueOf<Element> | null)[]
    : Type extends Scalar
      ? Values[Type]
      : never;

/** A parsed column type. */
export interface ParsedColumnType {
  readonly scalar: Scalar;
  readonly isArray: boolean;
  readonly isNullable: boolean;
}

/** The name of each type in `pg_type`; `text` stands for any type. */
const catalogNames: Readonly<Record<Scalar, string>> = {
  smallint: "int2",
  integer: "int4",
  bigint: "int8",
  real: "float4",
  "double precision": "float8",
  numeric: "numeric",
  boolean: "bool",
  text: "text",
  varchar: "varchar",
  char: "bpchar",
  uuid: "uuid",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
  interval: "interval",
  bytea: "bytea",
  json: "json",
  jsonb: "jsonb",
  "json text": "json",
  "jsonb text": "jsonb",
};

export const columnTypeNames = Object.keys(catalogNames);

/** Parses a column type; null when there is no such type. */
export function parseColumnType(type: string): ParsedColumnType | null {
  const [, scalar = "", array, nullable] = /^(.*?)(\[\])?(\?)?$/.exec(type) ?? [];
  return isScalar(scalar)
    ? { scalar, isArray: array !== undefined, isNullable: nullable !== undefined }
    : null;
}

/** The type for a cast, without its schema. */
export function catalogNameOf(type: string): string {
  const { scalar, isArray } = parseColumnType(type) ?? { scalar: "text", isArray: false };
  return `${catalogNames[scalar]}${isArray ? "[]" : ""}`;
}

/** Whether a declared type fits the catalogue's type, given by its name in `pg_type`. */
export function fitsCatalogType(declared: ParsedColumnType, catalogName: string): boolean {
  if (declared.scalar === "text" && !declared.isArray) return true;
  const name = catalogNames[declared.scalar];
  return declared.isArray
    ? catalogName.startsWith("_") && (declared.scalar === "text" || catalogName === `_${name}`)
    : catalogName === name;
}

/** The name for a catalogue type in a table's description. */
export function columnTypeFor(catalogName: string): string {
  const isArray = catalogName.startsWith("_");
  const bare = isArray ? catalogName.slice(1) : catalogName;
  const [name] = Object.entries(catalogNames).find(([, known]) => known === bare) ?? ["text"];
  return isArray ? `${name}[]` : name;
}

function isScalar(name: string): name is Scalar {
  return Object.hasOwn(catalogNames, name);
}
