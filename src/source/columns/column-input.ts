import { ColumnValueError } from "../../job/columns/column-codec.ts";
import { type ParsedColumnType, parseColumnType } from "../../job/columns/column-types.ts";
import { type ArrayElements, toArrayText } from "../../postgres/sql/text-array.ts";
import { parseArrayText } from "./array-text.ts";
import { jsonParts } from "./json-parts.ts";
import { misfit, scalarText } from "./scalar-text.ts";

/** Converts what a file holds for one column to PostgreSQL's text, which `ColumnCodec` can decode. */
export class ColumnInput {
  readonly #name: string;
  readonly #type: string;
  readonly #parsed: ParsedColumnType;

  constructor(name: string, type: string) {
    const parsed = parseColumnType(type);
    if (parsed === null) throw new Error(`${type} is not a column type.`);
    this.#name = name;
    this.#type = type;
    this.#parsed = parsed;
  }

  /** The text for a null. @throws ColumnValueError where the column is declared not null */
  null(problem = "null"): null {
    if (this.#parsed.isNullable) return null;
    throw this.#problem(`${problem}, and the column is declared not null`);
  }

  /** Takes a text as a CSV file has it. @throws ColumnValueError when it does not fit the column */
  fromText(text: string): string {
    if (!this.#parsed.isArray) return this.#scalar(text);
    const elements = parseArrayText(text);
    if (elements === null) throw this.#problem("not an array as PostgreSQL writes it");
    return toArrayText(this.#checked(elements));
  }

  /** Takes a value as JSON writes it; undefined if missing. @throws ColumnValueError when it does not fit */
  fromJson(raw: string | undefined): string | null {
    if (raw === undefined) return this.null("missing");
    const isJsonNull = raw === "null" && this.#isJson && !this.#parsed.isNullable && !this.#parsed.isArray;
    if (raw === "null" && !isJsonNull) return this.null();
    return this.#parsed.isArray ? toArrayText(this.#jsonArray(raw)) : this.#jsonScalar(raw);
  }

  get #isJson(): boolean {
    return /^jsonb?( text)?$/.test(this.#parsed.scalar);
  }

  #checked(elements: ArrayElements): ArrayElements {
    return elements.map((element) => {
      if (element === null) return null;
      return typeof element === "string" ? this.#scalar(element) : this.#checked(element);
    });
  }

  #jsonArray(raw: string): ArrayElements {
    if (!raw.startsWith("[")) throw this.#problem("not an array");
    return jsonParts(raw).map(({ raw: element }) => {
      if (element === "null") return null;
      return element.startsWith("[") && !this.#isJson ? this.#jsonArray(element) : this.#jsonScalar(element);
    });
  }

  #jsonScalar(raw: string): string {
    if (this.#isJson) return raw;
    if (raw.startsWith('"')) return this.#scalar(JSON.parse(raw) as string);
    switch (this.#parsed.scalar) {
      case "smallint":
      case "integer":
      case "bigint":
        return this.#scalar(wholeAsWritten(raw));
      case "real":
      case "double precision":
      case "numeric":
        return this.#scalar(raw);
      case "boolean":
        if (raw === "true" || raw === "false") return this.#scalar(raw);
        throw this.#problem(misfit("boolean"));
      default:
        throw this.#problem("not a text");
    }
  }

  #scalar(text: string): string {
    if (text.includes("\0")) throw this.#problem("a NUL character, which PostgreSQL cannot store");
    if (!text.isWellFormed()) throw this.#problem("a lone surrogate, which UTF-8 cannot carry");
    const fitting = scalarText(this.#parsed.scalar, text);
    if (fitting === null) throw this.#problem(misfit(this.#parsed.scalar));
    return fitting;
  }

  #problem(problem: string): ColumnValueError {
    return new ColumnValueError(this.#name, this.#type, problem);
  }
}

// JSON has one kind of number, so 12.0 and 1e3 are whole. Digits that are written out are kept as they are.
function wholeAsWritten(raw: string): string {
  const value = Number(raw);
  if (/[eE]/.test(raw)) return Number.isSafeInteger(value) ? String(value) : raw;
  return raw.replace(/\.0+$/, "");
}
