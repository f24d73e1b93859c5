import { parse as parseArray } from "postgres-array";
import { UsageError } from "../errors.ts";
import { columnTypeNames, type ParsedColumnType, parseColumnType } from "./column-types.ts";

/** A value that a column of its declared type cannot take; the row that carries it is rejected. */
export class ColumnValueError extends Error {
  constructor(column: string, type: string, problem: string) {
    // Never the value itself: it may be personal data.
    super(`column ${column} (${type}): ${problem}`);
    this.name = "ColumnValueError";
  }
}

/** Carries the values of one column between PostgreSQL's text and JavaScript, digit for digit. */
export class ColumnCodec {
  readonly #column: string;
  readonly #type: string;
  readonly #parsed: ParsedColumnType;

  constructor(column: string, type: string) {
    const parsed = parseColumnType(type);
    if (parsed === null) {
      throw new UsageError(`Column ${column} has the unknown type "${type}".`, {
        remedy: `Use one of ${columnTypeNames.join(", ")}, with [] for an array and ? for nullable; "text" carries any type.`,
      });
    }
    this.#column = column;
    this.#type = type;
    this.#parsed = parsed;
  }

  /** PostgreSQL's text to the value that a transform sees. */
  decode(text: string | null): unknown {
    if (text === null) return null;
    if (this.#parsed.isArray && text.startsWith("[")) {
      throw this.#problem('an array whose indexes do not begin at 1; declare it "text" to keep them');
    }
    return this.#parsed.isArray
      ? parseArray(text, (element) => this.#decodeScalar(element))
      : this.#decodeScalar(text);
  }

  /** A value to PostgreSQL's text. @throws ColumnValueError when the column cannot take it */
  encode(value: unknown): string | null {
    if (value === null) {
      if (this.#parsed.isNullable) return null;
      if (this.#isJson && !this.#parsed.isArray) return "null";
      throw this.#problem("null, and the column is declared not null");
    }
    return this.#parsed.isArray ? this.#encodeArray(value) : this.#encodeScalar(value);
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
        return JSON.parse(text);
      default:
        return text;
    }
  }

  #encodeScalar(value: unknown): string {
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
        return this.#text(this.#json(value));
      default:
        if (typeof value === "string") return this.#text(value);
    }
    throw this.#problem(
      value === undefined ? "the transform gave no value" : `the transform gave a ${typeof value}`,
    );
  }

  #text(value: string | undefined): string {
    if (value === undefined) throw this.#problem("not a JSON value");
    if (!value.isWellFormed()) throw this.#problem("a lone surrogate, which UTF-8 cannot carry");
    if (value.includes("\0")) throw this.#problem("a NUL character, which PostgreSQL cannot store");
    return value;
  }

  get #isJson(): boolean {
    return this.#parsed.scalar === "json" || this.#parsed.scalar === "jsonb";
  }

  /** Whether the null that a transform sees may be JSON's as well as SQL's. */
  get hasTwoNulls(): boolean {
    return this.#isJson && this.#parsed.isNullable && !this.#parsed.isArray;
  }

  #json(value: unknown): string | undefined {
    return JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === "bigint")
        throw this.#problem("a bigint, which JSON has not; make it a text or a number");
      // Written as null by JSON itself, in silence.
      if (typeof part === "number" && !Number.isFinite(part))
        throw this.#problem(`${part} inside a JSON value`);
      return part;
    });
  }

  #encodeArray(value: unknown): string {
    if (!Array.isArray(value)) throw this.#problem("not an array");
    const elements = value.map((element: unknown): string => {
      if (Array.isArray(element)) return this.#encodeArray(element);
      return element === null ? "NULL" : `"${this.#encodeScalar(element).replace(/["\\]/g, "\\$&")}"`;
    });
    return `{${elements.join(",")}}`;
  }

  #problem(problem: string): ColumnValueError {
    return new ColumnValueError(this.#column, this.#type, problem);
  }
}
