import { RefusedError } from "../../errors.ts";
import type { Step } from "../../job/steps/steps.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { columnOf, nameOf, regclassOf, relationExists } from "../statements/catalogue.ts";
import { columnDefinition } from "../statements/column-statements.ts";
import { statementOf } from "../statements/index-statements.ts";
import { requireSameTable } from "./same-table.ts";
import { copyColumns, scratch, tried } from "./scratch.ts";
import { columnsOf, constraintShape, indexShape, isLike, shown } from "./shapes.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/**
 * Checks that what exists in a step's place is what the step makes: the step is tried in a scratch table and
 * rolled back, and the two are compared as PostgreSQL prints them. @throws RefusedError where they differ
 */
export async function requireSame(tx: Queryable, step: Step): Promise<void> {
  switch (step.kind) {
    case "add column":
      return requireSameColumn(tx, step);
    case "create index":
      return requireSameIndex(tx, step);
    case "add constraint":
      return requireSameConstraint(tx, step);
    case "create table":
      if (await relationExists(tx, step.table)) await requireSameTable(tx, step);
  }
}

async function requireSameColumn(tx: Queryable, step: Of<"add column">): Promise<void> {
  const { table, column } = step;
  const found = (await columnsOf(tx, table)).get(column);
  if (found === undefined) return;
  const wanted = await tried(tx, step.name, async () => {
    await copyColumns(tx, table);
    await tx.query(sql`alter table ${nameOf(scratch)} drop column ${columnOf(column)}`);
    const wanted = { ...step, type: withoutConstraints(step.type) };
    await tx.query(sql`alter table ${nameOf(scratch)} ${columnDefinition(wanted)}`);
    return (await columnsOf(tx, scratch)).get(column);
  });
  if (wanted === undefined || isLike(found, wanted)) return;
  throw somethingElse(step, "the column", shown(found), shown(wanted));
}

/** A temporary table cannot refer to other tables, and a constraint's name says nothing about the column. */
function withoutConstraints(type: string): string {
  return type.split(/\s(?:constraint|check|references|unique|primary)\b/i)[0] ?? type;
}

async function requireSameIndex(tx: Queryable, step: Of<"create index">): Promise<void> {
  const { index, table } = step;
  const isIt = sql`
    c.relname = ${index}
    and i.indrelid = pg_catalog.to_regclass(${regclassOf(table)})`;
  const found = await indexShape(tx, isIt);
  if (found === undefined) return;
  const wanted = await tried(tx, step.name, async () => {
    await copyColumns(tx, table);
    await tx.query(statementOf({ ...step, table: scratch }, false));
    return indexShape(tx, sql`i.indrelid = pg_catalog.to_regclass(${regclassOf(scratch)})`);
  });
  if (wanted === undefined || wanted.shape === found.shape) return;
  throw somethingElse(step, "the index", found.definition ?? "", statementOf(step, true).toString());
}

async function requireSameConstraint(tx: Queryable, step: Of<"add constraint">): Promise<void> {
  const { table, constraint, definition } = step;
  const found = await constraintShape(tx, table, constraint);
  if (found === undefined) return;
  // A temporary table cannot refer to other tables, so a foreign key is tried on its own table, under the
  // lock that the step itself takes.
  const isForeign = /^foreign key/.test(definition.toString());
  const [where, name] = isForeign ? [table, "tidefill_wanted"] : [scratch, constraint];
  const wanted = await tried(tx, step.name, async () => {
    if (!isForeign) await copyColumns(tx, table);
    await tx.query(
      sql`alter table ${nameOf(where)} add constraint ${columnOf(name)} ${definition} ${raw("not valid")}`,
    );
    return constraintShape(tx, where, name);
  });
  if (wanted === undefined || wanted === found) return;
  throw somethingElse(step, "the constraint", found, wanted);
}

function somethingElse({ name }: Step, what: string, found: string, wanted: string): RefusedError {
  return new RefusedError(
    "step-finds-its-place",
    `The step "${name}" cannot be done: ${what} already exists and differs.\n  there:  ${found}\n  wanted: ${wanted}`,
    `Drop or rename ${what.replace("the ", "that ")}, or describe in the step what is there.`,
  );
}
