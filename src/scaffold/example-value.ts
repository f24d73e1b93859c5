import type { Table } from "../job/columns/table.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import type { AddedColumn } from "./added-column.ts";
import { isKnownType } from "./describe-table.ts";
import { exampleLiteral } from "./example-literal.ts";
import { looksPersonal } from "./looks-personal.ts";
import { inComment, member } from "./source-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** What a row gets in a new column, as a first version that can be run and undone. */
export interface ExampleValue {
  /** the expression, of `row` where it reads something */
  readonly text: string;
  readonly reads: readonly string[];
  /** what the value is, for the comment beside it */
  readonly says: string;
  /** the value for the row of the job's test */
  readonly inTest: string;
}

/** Null where no value is sure to be accepted by PostgreSQL: for an enum, for a domain. */
export function exampleValue(added: AddedColumn, facts: TableFacts, table: Table): ExampleValue | null {
  const { column, isDomain, name } = added;
  if (isDomain || !isKnownType(column)) return null;
  const from = madeFrom(added, facts, table);
  if (from !== null) return from;
  const literal = exampleLiteral((table.columns[name] ?? "text").replace(/\?$/, ""));
  return { text: literal, reads: [], says: `every row gets ${literal}`, inTest: literal };
}

/**
 * From the column whose name begins the new one's: `amount` for `amount_cents`, `title` for `title_trimmed`.
 */
function madeFrom({ name, column }: AddedColumn, facts: TableFacts, table: Table): ExampleValue | null {
  const [source] = facts.relation.columns
    .filter((each) => name.startsWith(`${each.name}_`) && !looksPersonal(facts.relation.name, each.name))
    .filter((each) => Object.hasOwn(table.columns, each.name) && !table.key.includes(each.name))
    .sort((left, right) => right.name.length - left.name.length);
  if (source === undefined) return null;
  const read = member("row", source.name);
  const orNull = (text: string) =>
    source.isNullable && text !== read ? `${read} === null ? null : ${text}` : text;
  const made = { reads: [source.name] };
  if (name === `${source.name}_cents` && isMoneyLike(source) && isWhole(column)) {
    const cents = `Math.round(Number(${read}) * 100)`;
    const isBig = column.baseName === "int8";
    return {
      ...made,
      text: orNull(isBig ? `BigInt(${cents})` : cents),
      says: `${inComment(source.name)} times a hundred`,
      inTest: isBig ? "50n" : "50",
    };
  }
  if (column.baseName !== source.baseName || !isKnownType(source) || source.baseType !== source.type)
    return null;
  const literal = exampleLiteral((table.columns[source.name] ?? "text").replace(/\?$/, ""));
  return { ...made, text: read, says: `what ${inComment(source.name)} holds`, inTest: literal };
}

// With at most two decimals, hundredths are exact in JavaScript up to 2^53.
function isMoneyLike({ displayType }: Column): boolean {
  const [, precision, scale] = /^numeric\((\d+)(?:,(\d+))?\)$/.exec(displayType) ?? [];
  return precision !== undefined && Number(scale ?? 0) <= 2 && Number(precision) <= 15;
}

function isWhole({ baseName }: Column): boolean {
  return baseName === "int4" || baseName === "int8";
}
