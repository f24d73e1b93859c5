import { UsageError } from "../errors.ts";
import { addColumn } from "../job/steps/steps.ts";
import { builtInName, type Column } from "../postgres/catalog/relation.ts";
import { sqlstateOf } from "../postgres/failure/failure.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import { type EnumType, readEnumTypes } from "./enum-type.ts";
import type { TableFacts } from "./table-facts.ts";

/** A column that the job adds to its table. */
export interface AddedColumn {
  readonly name: string;
  /** as it was typed, for the step that adds it */
  readonly type: string;
  /** as PostgreSQL's catalog will describe it */
  readonly column: Column;
  /** whether values of the type may be refused: it is a domain */
  readonly isDomain: boolean;
  /** its type where that is an enum, by `type` of the column */
  readonly enums: ReadonlyMap<string, EnumType>;
}

/** Reads `name:type`, the form of `--add`. @throws UsageError */
export function parseAddedColumn(text: string): { readonly name: string; readonly type: string } {
  const [, name, type] = /^\s*([^:]+?)\s*:\s*(\S.*?)\s*$/s.exec(text) ?? [];
  if (name !== undefined && type !== undefined) return { name, type };
  throw new UsageError(`--add needs a column and its type, not "${text}".`, {
    remedy: "Write --add amount_cents:integer, or --add 'price:numeric(10,2)'.",
  });
}

/**
 * Looks the column's type up.
 * @throws UsageError where the table has the column, or PostgreSQL has no such type
 */
export async function readAddedColumn(
  db: Queryable,
  facts: TableFacts,
  { name, type }: { readonly name: string; readonly type: string },
): Promise<AddedColumn> {
  // Called for its check: it refuses a name that PostgreSQL would cut off.
  addColumn(facts.name, name, type);
  if (facts.relation.columns.some((column) => column.name === name))
    throw new UsageError(`${facts.name} has a column ${name} already.`, {
      remedy: `To fill it: --column ${name} in place of --add.`,
    });
  const found = await findType(db, type);
  if (found === null)
    throw new UsageError(`PostgreSQL has no type "${type}" that a column could have.`, {
      remedy: "Write it as in a create table, without default and constraints: --add amount_cents:integer",
    });
  if (found.forbidsNull)
    throw new UsageError(`The type ${type} forbids null, which the column holds until it is filled.`, {
      remedy: `Name the type under it, such as --add ${name}:${found.column.baseType}`,
    });
  const enums = await readEnumTypes(db, [found.column]);
  return { name, type, isDomain: found.isDomain, enums, column: { ...found.column, name } };
}

/** The table as it will be once the columns are there. */
export function withAdded(facts: TableFacts, added: readonly AddedColumn[]): TableFacts {
  const columns = [...facts.relation.columns, ...added.map(({ column }) => column)];
  const enums = new Map([facts, ...added].flatMap((each) => [...each.enums]));
  return { ...facts, enums, relation: { ...facts.relation, columns } };
}

/** The table as it is before they are there. */
export function withoutColumns(facts: TableFacts, added: readonly AddedColumn[]): TableFacts {
  const columns = facts.relation.columns.filter(({ name }) => !added.some((each) => each.name === name));
  return { ...facts, relation: { ...facts.relation, columns } };
}

async function findType(db: Queryable, type: string) {
  const { rows } = await db
    .query(sql`
      with recursive base (oid, typbasetype, typnotnull, depth) as (
        select oid, typbasetype, typnotnull, 0
        from pg_catalog.pg_type
        where oid = pg_catalog.to_regtype(${type})
          and typtype <> 'p'
        union all
        select ty.oid, ty.typbasetype, ty.typnotnull, base.depth + 1
        from base
        join pg_catalog.pg_type ty on ty.oid = base.typbasetype
      )
      select pg_catalog.format_type(under.oid, null) as base_type, ${builtInName("under")} as base_name,
        under.typcategory = 'A' as is_array, under.typstorage <> 'p' as is_toastable,
        (select pg_catalog.bool_or(typnotnull) from base) as forbids_null, base.depth > 0 as is_domain
      from base
      join pg_catalog.pg_type under on under.oid = base.oid
      where base.typbasetype = 0`)
    // Before PostgreSQL 16, a text that cannot be the name of a type is an error.
    .catch((error: unknown) => {
      if (sqlstateOf(error) === "42601") return { rows: [] };
      throw error;
    });
  const [row] = rows;
  if (row === undefined) return null;
  const baseType = row.base_type ?? "";
  const column = {
    type: baseType,
    displayType: type,
    baseType,
    baseName: row.base_name ?? "",
    isArray: row.is_array === "t",
    isNullable: true,
    isGenerated: false,
    isIdentityAlways: false,
    isToastable: row.is_toastable === "t",
  };
  return { column, forbidsNull: row.forbids_null === "t", isDomain: row.is_domain === "t" };
}
