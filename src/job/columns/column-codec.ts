import { parse as parseArray } from "postgres-array";
import { UsageError } from "../../errors.ts";
import { columnTypeNames, type ParsedColumnType, parseColumnType } from "./column-types.ts";
import { ColumnValueError } from "./column-value-error.ts";
import { JsonTooDeep, nodeOf, readJson } from "./read-json.ts";
import { JsonProblem, kindOf, letGo, writeJson } from "./write-json.ts";

export { ColumnValueError };

/** PostgreSQL's own limit. */
const mostDimensions = 6;

/** The texts of the elements of JSON arrays, which distinguish JSON's null from SQL's. */
const elementsOf = new WeakMap<readonly unknown[], readonly (string | null)[]>();

/** Converts the values of one column between PostgreSQL's text and JavaScript without losing a digit. */
export class ColumnCodec {
  readonly #column: string;
  readonly #type: string;
  readonly #parsed: ParsedColumnType;

  constructor(column: string, type: string) {
    const parsed = parseColumnType(type);
    if (parsed === null) {
      throw new UsageError(`Column ${column} has the unknown type "${type}".`, {
        remedy: `Use one of ${columnTypeNames.join(", ")}, with [] for an array and ? for nullable; "text" fits any type.`,
      });
    }
    this.#column = column;
    this.#type = type;
    this.#parsed = parsed;
  }

  /** Converts PostgreSQL's text to the value that a transform reads. */
  decode(text: string | null): unknown {
    if (text === null) return null;
    if (this.#parsed.isArray && text.startsWith("[")) {
      throw this.#problem('an array whose indexes do not begin at 1; declare it "text" to keep them');
    }
    if (!this.#parsed.isArray) return this.#decodeScalar(text);
    return this.isJson
      ? this.#decodeJsonArray(text)
      : parseArray(text, (element) => this.#decodeScalar(element));
  }

  /**
   * Converts a value to PostgreSQL's text. JSON that still equals `read`, the text that was read for this
   * column, keeps that text.
   * @throws ColumnValueError when the value does not fit the column
   */
  encode(value: unknown, read?: string | null): string | null {
    if (value === null) {
      const isJson = this.isJson && !this.#parsed.isArray;
      // A transform sees both nulls as the same: a JSON null that was read stays one.
      if (isJson && (read === "null" || !this.#parsed.isNullable)) return "null";
      if (this.#parsed.isNullable) return null;
      throw this.#problem("null, and the column is declared not null");
    }
    if (!this.#parsed.isArray) return this.#encodeScalar(value, read);
    if (!Array.isArray(value)) throw this.#problem("not an array");
    return this.isJson ? this.#encodeJsonArray(value, read) : this.#encodeArray(value, 1);
  }

  #decodeScalar(text: string): unknown {
    switch (this.#parsed.scalar) {
      case "smallint":
      case "integer":
      case "real":
      case "double precision":
        return Number(text);
      case "bigint":
        return BigInt(text);
      case "boolean":
        return text === "t";
      case "bytea":
        return Buffer.from(text.slice(2), "hex");
      case "json":
      case "jsonb":
        return this.#readJson(text);
      default:
        return text;
    }
  }

  #encodeScalar(value: unknown, read?: string | null): string {
    switch (this.#parsed.scalar) {
      case "smallint":
      case "integer":
      case "real":
      case "double precision":
        if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
        break;
      case "bigint":
        if (typeof value === "bigint") return value.toString();
        break;
      case "boolean":
        if (typeof value === "boolean") return value ? "t" : "f";
        break;
      case "bytea":
        if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
        break;
      case "json":
      case "jsonb":
        return this.#text(this.#json(value, read));
      default:
        if (typeof value === "string") return this.#text(value);
    }
    letGo(value);
    throw this.#problem(
      value === undefined ? "the transform gave no value" : `the transform gave ${kindOf(value)}`,
    );
  }

  #text(value: string): string {
    if (!value.isWellFormed()) throw this.#problem("a lone surrogate, which UTF-8 cannot carry");
    if (value.includes("\0")) throw this.#problem("a NUL character, which PostgreSQL cannot store");
    return value;
  }

  /** Whether its values are parsed JSON, or arrays of JSON. */
  get isJson(): boolean {
    return this.#parsed.scalar === "json" || this.#parsed.scalar === "jsonb";
  }

  /** Whether a null that a transform sees may be JSON's or SQL's. */
  get hasTwoNulls(): boolean {
    return this.isJson && this.#parsed.isNullable && !this.#parsed.isArray;
  }

  get #jsonType(): "json" | "jsonb" {
    return this.#parsed.scalar === "json" ? "json" : "jsonb";
  }

  #readJson(text: string): unknown {
    try {
      return readJson(text, this.#jsonType);
    } catch (error) {
      if (error instanceof JsonTooDeep) throw this.#problem("nested too deep to be read; declare it as text");
      throw error;
    }
  }

  #json(value: unknown, read: string | null | undefined): string {
    try {
      return writeJson(value, read == null ? null : nodeOf(read, this.#jsonType));
    } catch (error) {
      if (error instanceof JsonProblem) throw this.#problem(error.problem, error.path);
      throw error;
    }
  }

  #decodeJsonArray(text: string): readonly unknown[] {
    const texts: readonly (string | null | unknown[])[] = parseArray(text, (element) => element);
    if (texts.some((element) => Array.isArray(element))) {
      throw this.#problem(
        `more than one dimension, which JSON's own arrays cannot be told from; declare it "${this.#parsed.scalar} text[]"`,
      );
    }
    const elements = texts as readonly (string | null)[];
    const value = elements.map((element) => (element === null ? null : this.#readJson(element)));
    elementsOf.set(value, elements);
    return value;
  }

  #encodeJsonArray(value: readonly unknown[], read: string | null | undefined): string {
    const before = elementsOf.get(value) ?? (read == null ? [] : parseArray(read, (element) => element));
    const hasJsonNulls = before.includes("null");
    const elements = Array.from(value, (element: unknown, index): string => {
      if (element !== null) return quoted(this.#encodeScalar(element, before[index]));
      const was = before.length === value.length ? before[index] : undefined;
      if (!hasJsonNulls || was === null) return "NULL";
      if (was === "null") return quoted(was);
      throw this.#problem(
        `null, which may be JSON's or SQL's, since the array held JSON's; declare it "${this.#parsed.scalar} text[]"`,
        `$[${index}]`,
      );
    });
    return `{${elements.join(",")}}`;
  }

  #encodeArray(value: readonly unknown[], dimension: number): string {
    if (dimension > mostDimensions) throw this.#problem(`an array of more than ${mostDimensions} dimensions`);
    if (dimension > 1 && value.length === 0) throw this.#problem("an empty array inside an array");
    const elements = Array.from(value, (element: unknown): string => {
      if (Array.isArray(element)) return this.#encodeArray(element, dimension + 1);
      return element === null ? "NULL" : quoted(this.#encodeScalar(element));
    });
    return `{${elements.join(",")}}`;
  }

  #problem(problem: string, path?: string): ColumnValueError {
    return new ColumnValueError(this.#column, this.#type, problem, path);
  }
}

function quoted(element: string): string {
  return `"${element.replace(/["\\]/g, "\\$&")}"`;
}
