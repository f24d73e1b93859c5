/**
 * A `numeric` in JavaScript: a text with every digit, which any string stands for. It is no number, and `amount + 1` would put a
 * 1 behind it: as it is no `string` to TypeScript either, that does not compile. `Number(amount)` or `String(amount)` says which.
 */
// biome-ignore lint/complexity/noBannedTypes: what a string can do, and not a string
export interface Numeric extends String {}

/** What `jsonb` and `json` columns hold in JavaScript. What a transform leaves alone of it keeps its text, digit for digit. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The PostgreSQL types that a description may name, and how their values look in JavaScript. */
interface Values {
  smallint: number;
  integer: number;
  bigint: bigint;
  real: number;
  "double precision": number;
  numeric: Numeric;
  boolean: boolean;
  /** also for every type that has no other name here: its value as PostgreSQL prints it */
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

/** A column in a table's description: a type, `[]` for an array, `?` where it may be null. */
export type ColumnType = Scalar | `${Scalar}?` | `${Scalar}[]` | `${Scalar}[]?`;

/** The JavaScript type of a column's values. */
export type ValueOf<Type extends string> = Type extends `${infer NotNull}?`
  ? ValueOf<NotNull> | null
  : Type extends `${infer Element}[]`
    ? readonly (ValueOf<Element> | null)[]
    : Type extends Scalar
      ? Values[Type]
      : never;

/** A column type taken apart. */
export interface ParsedColumnType {
  readonly scalar: Scalar;
  readonly isArray: boolean;
  readonly isNullable: boolean;
}

/** How each type is called in `pg_type`; `text` stands for any. */
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

/** Takes a column type apart; null when there is no such type. */
export function parseColumnType(type: string): ParsedColumnType | null {
  const [, scalar = "", array, nullable] = /^(.*?)(\[\])?(\?)?$/.exec(type) ?? [];
  return isScalar(scalar)
    ? { scalar, isArray: array !== undefined, isNullable: nullable !== undefined }
    : null;
}

/** The type in a cast, without the schema that it lies in. */
export function catalogNameOf(type: string): string {
  const { scalar, isArray } = parseColumnType(type) ?? { scalar: "text", isArray: false };
  return `${catalogNames[scalar]}${isArray ? "[]" : ""}`;
}

/** Whether a declared type fits what the catalogue says, by the type's name in `pg_type`. */
export function fitsCatalogType(declared: ParsedColumnType, catalogName: string): boolean {
  if (declared.scalar === "text" && !declared.isArray) return true;
  const name = catalogNames[declared.scalar];
  return declared.isArray
    ? catalogName.startsWith("_") && (declared.scalar === "text" || catalogName === `_${name}`)
    : catalogName === name;
}

/** The name to write in a description for a type of the catalogue. */
export function columnTypeFor(catalogName: string): string {
  const isArray = catalogName.startsWith("_");
  const bare = isArray ? catalogName.slice(1) : catalogName;
  const [name] = Object.entries(catalogNames).find(([, known]) => known === bare) ?? ["text"];
  return isArray ? `${name}[]` : name;
}

function isScalar(name: string): name is Scalar {
  return Object.hasOwn(catalogNames, name);
}
