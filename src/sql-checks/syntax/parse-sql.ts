import type { Node, RawStmt, TypeName } from "libpg-query";
import { UsageError } from "../../errors.ts";
import { type Place, placeOf } from "./place.ts";

export type { AlterTableType, ColumnDef, Constraint, Node, RangeVar, TypeName } from "libpg-query";

/** PostgreSQL's own parser refuses the text, so nothing was checked. `line` and `column` count from 1. */
export class SqlSyntaxError extends UsageError {
  /** PostgreSQL's own message */
  readonly problem: string;
  readonly line: number;
  readonly column: number;

  constructor(problem: string, { line, column }: Place, cause?: unknown) {
    super(`The SQL is wrong at line ${line}, column ${column}: ${problem}.`, {
      remedy: "Correct the SQL there. Commands of psql are not SQL.",
      cause,
    });
    this.problem = problem;
    this.line = line;
    this.column = column;
  }
}

/** One statement of a text, as PostgreSQL 18 parses it. */
export interface Parsed {
  readonly node: Node;
  /** counted from 1 */
  readonly number: number;
  /** where it begins in the text, in JavaScript's string indexes */
  readonly index: number;
  /** names as the text writes them, which PostgreSQL would cut */
  readonly longNames: readonly string[];
}

/** Splits a text into its statements; raises `SqlSyntaxError` where PostgreSQL would. */
export async function parseSql(text: string): Promise<readonly Parsed[]> {
  const nul = text.indexOf("\0");
  // The parser stops at a NUL, so the rest of the text would go unchecked.
  if (nul >= 0) throw new SqlSyntaxError("there is a NUL character", placeOf(text, nul));
  if (text.trim() === "") return [];
  const statements = await parse(text);
  const long = await namesTooLong(text);
  const bytes = Buffer.from(text);
  let begin = 0;
  let counted = 0;
  return statements.flatMap(({ stmt: node, stmt_location: offset = 0 }, position) => {
    // PostgreSQL counts bytes, and starts a statement where the one before it ends.
    begin += bytes.subarray(counted, offset).toString().length;
    counted = offset;
    const end = statements[position + 1]?.stmt_location ?? bytes.length;
    const longNames = long.filter(({ at }) => at >= offset && at < end).map(({ name }) => name);
    const index = endOfBlank(text, begin);
    return node === undefined ? [] : [{ node, number: position + 1, index, longNames }];
  });
}

const longestName = 63;
const identifier = 258;

/** The names that PostgreSQL would cut; the parsed tree has only the cut ones. `at` counts bytes. */
async function namesTooLong(
  text: string,
): Promise<readonly { readonly at: number; readonly name: string }[]> {
  if (Buffer.byteLength(text) <= longestName) return [];
  const { scan } = await import("libpg-query");
  const { tokens } = await scan(text);
  return tokens
    .filter(({ tokenType }) => tokenType === identifier)
    .map(({ start, text: word }) => ({
      at: start,
      name: word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word,
    }))
    .filter(({ name }) => Buffer.byteLength(name) > longestName);
}

/** Parses a type as SQL writes it, such as `character varying(10)`. */
export async function parseType(type: string): Promise<TypeName> {
  const [first] = await parse(`select null::${type}`);
  const node = first?.stmt;
  const [target] = node !== undefined && "SelectStmt" in node ? (node.SelectStmt.targetList ?? []) : [];
  const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
  const name = value !== undefined && "TypeCast" in value ? value.TypeCast.typeName : undefined;
  if (name === undefined) throw new UsageError(`"${type}" is not a type of PostgreSQL.`);
  return name;
}

async function parse(text: string): Promise<readonly RawStmt[]> {
  // Loaded late: two megabytes that only a job with its own SQL needs.
  const parser = await import("libpg-query");
  try {
    return (await parser.parse(text)).stmts ?? [];
  } catch (error) {
    if (parser.hasSqlDetails(error)) {
      const characters = [...text].slice(0, error.sqlDetails?.cursorPosition ?? 0).join("");
      throw new SqlSyntaxError(error.message, placeOf(text, characters.length), error);
    }
    if (!(error instanceof RangeError)) throw error;
    throw new SqlSyntaxError("it is nested too deeply to be checked", placeOf(text, 0), error);
  }
}

/** Skips blanks and comments from an index on; comments nest. */
function endOfBlank(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (depth === 0 && two === "--") at += text.slice(at).search(/[\n\r]|$/);
    else if (two === "/*") depth++;
    else if (depth > 0 && two === "*/") depth--;
    else if (depth === 0 && !/\s/.test(two.charAt(0))) return at;
    else continue;
    if (two !== "--") at++;
  }
  return begin;
}
