import { RefusedError } from "../../errors.ts";
import type { Step } from "../../job/steps/steps.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import { raw } from "../../postgres/sql/sql.ts";
import { sqlTokens } from "../../postgres/sql/sql-tokens.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { scratch, tried } from "./scratch.ts";
import { columnsOf, isLike, shown } from "./shapes.ts";

type CreateTable = Extract<Step, { readonly kind: "create table" }>;

/** `invalid_table_definition`: a temporary table has a foreign key to a permanent one */
const refersToOther = "42P16";

/** Checks that a table has all columns of the author's statement. @throws RefusedError where it does not */
export async function requireSameTable(tx: Queryable, step: CreateTable): Promise<void> {
  const statement = step.statement.toString();
  const make = (schema: string) => madeElsewhere(statement, `${schema}.${scratch.name}`);
  const asTemporary = make("pg_temp");
  // The columns that a query or a parent table defines are not known here.
  if (asTemporary === null) return;
  const wanted = await tried(tx, step.name, async () => {
    await tx.query(raw(asTemporary));
    return columnsOf(tx, scratch);
  }).catch((error: unknown) => {
    if (sqlstateOf(error) !== refersToOther) throw error;
    return tried(tx, step.name, async () => {
      await tx.query(raw(`create schema ${scratch.name}`));
      await tx.query(raw(make(scratch.name) ?? ""));
      return columnsOf(tx, { ...scratch, schema: scratch.name });
    });
  });
  const found = await columnsOf(tx, step.table);
  const other = [...wanted].find(([name, shape]) => !isLike(found.get(name), shape));
  if (other === undefined) return;
  const [name, shape] = other;
  const there = found.get(name);
  throw new RefusedError(
    "step-finds-its-place",
    `The step "${step.name}" cannot be done: the table already exists with other columns.\n  there:  ${there === undefined ? `no ${name}` : `${name} ${shown(there)}`}\n  wanted: ${name} ${shown(shape)}`,
    "Drop or rename that table, or describe in the step what is there.",
  );
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const blank = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[\s\S]*?\*/)`;
const head = new RegExp(
  String.raw`^${blank}*create${blank}+(?:unlogged${blank}+)?table${blank}+(?:if${blank}+not${blank}+exists${blank}+)?${name}(?:${blank}*\.${blank}*${name})?${blank}*`,
  "iu",
);
const pieces = new RegExp([...Object.values(sqlTokens), ";"].join("|"), "g");

/** The first statement of a text, creating another table with the same columns; null where it lists none. */
export function madeElsewhere(text: string, table: string): string | null {
  const end = [...text.matchAll(pieces)].find(([piece]) => piece === ";")?.index ?? text.length;
  const first = text.slice(0, end);
  const begin = head.exec(first)?.[0];
  if (begin === undefined) return null;
  const rest = first.slice(begin.length);
  return /^(?:\([^()]*\)\s*)?as\b|^partition\b/i.test(rest) ? null : `create table ${table} ${rest}`;
}
