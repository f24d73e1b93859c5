import type { Relation } from "../../postgres/catalog/relation.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Row, Transaction } from "../../postgres/transaction/database.ts";
import type { WriteVerb } from "./opened-job.ts";

/** What an update of these columns affects besides the table. */
export interface WriteImpact {
  /** triggers that fire for each row or statement */
  readonly triggers: readonly string[];
  /** constraints that PostgreSQL checks again when one of the columns changes */
  readonly constraints: readonly string[];
  /** foreign keys of other tables that refer to one of the columns */
  readonly referencedBy: readonly string[];
  /** publications that send every change to their subscribers */
  readonly publications: readonly string[];
  /** columns that PostgreSQL computes again for each row */
  readonly generatedColumns: readonly string[];
  /** indexes on one of the columns: each makes an update more expensive, and prevents HOT updates */
  readonly indexes: readonly string[];
  /** whether PostgreSQL can keep the new row version on the same page and leave all indexes alone */
  readonly canBeHot: boolean;
  readonly fillFactor: number;
}

const triggerEvents: Readonly<Record<WriteVerb, number>> = { insert: 4, delete: 8, update: 16 };

/** Reads what an update of the `written` columns affects, or an insert or delete of whole rows. */
export async function readWriteImpact(
  tx: Transaction,
  relation: Relation,
  written: readonly string[],
  verb: WriteVerb,
): Promise<WriteImpact> {
  const columns = verb === "update" ? [...written] : relation.columns.map(({ name }) => name);
  const { rows } = await tx.query(sql`
    with target as (
      select ${relation.oid}::oid as oid,
        pg_catalog.array_agg(attnum) as attnums
      from pg_catalog.pg_attribute
      where attrelid = ${relation.oid}::oid
        and attname = any (${columns}::text[])
    )
    select 'trigger' as kind, pg_catalog.pg_get_triggerdef(t.oid) as what
    from pg_catalog.pg_trigger t, target
    where t.tgrelid = target.oid
      and not t.tgisinternal
      and t.tgenabled <> 'D'
      -- of any column or of one of ours
      and t.tgtype & ${triggerEvents[verb]} <> 0
      and (t.tgattr = ''::pg_catalog.int2vector
        or exists (select from pg_catalog.unnest(t.tgattr) a where a = any (target.attnums)))
    union all
    select case when c.confrelid = target.oid and c.conrelid <> target.oid then 'referenced' else 'constraint' end,
      case when c.confrelid = target.oid and c.conrelid <> target.oid
        then c.conname || ' of ' || c.conrelid::pg_catalog.regclass::text
        else c.conname || ': ' || pg_catalog.pg_get_constraintdef(c.oid) end
    from pg_catalog.pg_constraint c, target
    where c.contype in ('c', 'f', 'x', 'u', 'p')
      and (c.conrelid = target.oid and c.conkey && target.attnums
        or c.confrelid = target.oid and c.confkey && target.attnums)
    union all
    select 'publication', pt.pubname
    from pg_catalog.pg_publication_tables pt
    where pt.schemaname = ${relation.schema}
      and pt.tablename = ${relation.name}
    union all
    select 'index', c.relname || ' (' || am.amname || ')'
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_am am on am.oid = c.relam, target
    where i.indrelid = target.oid
      and (i.indkey::smallint[] && target.attnums
        or exists (
          -- columns that an expression or predicate of the index uses
          select from pg_catalog.pg_depend d
          where d.objid = i.indexrelid
            and d.refobjid = target.oid
            and d.refobjsubid = any (target.attnums)))
    union all
    select 'fillfactor', pg_catalog.substring(o, 'fillfactor=([0-9]+)')
    from pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) o, target
    where c.oid = target.oid
      and o like 'fillfactor=%'
    order by 1, 2`);
  return toWriteImpact(rows, relation);
}

function toWriteImpact(rows: readonly Row[], relation: Relation): WriteImpact {
  const of = (kind: string): string[] => rows.filter((row) => row.kind === kind).map((row) => row.what ?? "");
  const indexes = of("index");
  return {
    triggers: of("trigger"),
    constraints: of("constraint"),
    referencedBy: of("referenced"),
    publications: of("publication"),
    generatedColumns: relation.columns.filter((column) => column.isGenerated).map((column) => column.name),
    indexes,
    // Since PostgreSQL 16 a summarising index does not prevent HOT updates; to be safe, any index counts.
    canBeHot: indexes.length === 0,
    fillFactor: Number(of("fillfactor")[0] ?? 100),
  };
}
