import { UsageError } from "../../errors.ts";
import { asParameter } from "./as-parameter.ts";
import { reservedWords } from "./reserved-words.ts";

/** A piece of SQL with its values apart; pieces nest, and values never become text. */
export class Sql {
  readonly parts: readonly string[];
  readonly values: readonly unknown[];

  constructor(parts: readonly string[], values: readonly unknown[]) {
    this.parts = parts;
    this.values = values;
    Object.freeze(this);
  }

  /** The statement in PostgreSQL's form: text with `$1`, `$2`, … and its values. */
  toQuery(): { readonly text: string; readonly values: unknown[] } {
    const text = this.parts.reduce((left, right, index) => `${left}$${index}${right}`);
    return { text, values: [...this.values] };
  }

  /** Only the text, with values shown as `$n`: for plans. */
  toString(): string {
    return this.toQuery().text;
  }

  /** Text and values as plain data: for fingerprints. */
  describe(): unknown {
    const { text, values } = this.toQuery();
    return [text, values];
  }
}

/**
 * SQL with values: `` sql`status = ${status}` ``. A value becomes a parameter, a nested `sql` part of the
 * text. The text is taken raw, so that `'\s+'` in a template means `'\s+'` in SQL.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Sql {
  return weave(strings.raw, values);
}

/** Text that already is SQL: quoted names, keywords. Never pass it anything that a user typed. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

/** Joins pieces, by `, ` unless another separator is given. */
export function join(pieces: readonly Sql[], separator = ", "): Sql {
  const [first, ...rest] = pieces;
  if (first === undefined) return raw("");
  const strings = ["", ...rest.map(() => separator), ""];
  return weave(strings, [first, ...rest]);
}

/** A piece of SQL from a user, in brackets; it may end in a comment. */
export function bracketed(piece: Sql): Sql {
  const end = piece.parts.some((part) => part.includes("--")) ? "\n)" : ")";
  return join([raw("("), piece, raw(end)], "");
}

/** Quotes a name so that nothing in it can break out. */
export function quoteIdentifier(name: string): string {
  if (name.includes("\0")) throw new UsageError("A name in SQL cannot hold a NUL character.");
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as users write it in SQL: in quotes only where it needs them. */
export function displayIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !reservedWords.has(name) ? name : quoteIdentifier(name);
}

function weave(strings: readonly string[], values: readonly unknown[]): Sql {
  const parts: string[] = [strings[0] ?? ""];
  const flat: unknown[] = [];
  const append = (text: string): void => {
    parts.push(`${parts.pop() ?? ""}${text}`);
  };
  values.forEach((value, index) => {
    if (value instanceof Sql) {
      append(value.parts[0] ?? "");
      parts.push(...value.parts.slice(1));
      flat.push(...value.values);
    } else {
      flat.push(asParameter(value));
      parts.push("");
    }
    append(strings[index + 1] ?? "");
  });
  return new Sql(parts, flat);
}
