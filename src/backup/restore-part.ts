import type { Key, KeyText } from "../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import { columnsOf, partTable, rowText, uncarried, uncarriedColumns } from "./part-table.ts";
import type { BackupKind } from "./what-to-keep.ts";

/** Where the rows of a backup go, and what may be done there. */
export interface RestoreTarget {
  readonly relation: Relation;
  readonly key: Key;
  readonly kind: BackupKind;
  /** the columns of the backup, as the table has them today */
  readonly columns: readonly Column[];
  readonly overwrite: boolean;
  /** the tombstones of persons who were erased: table_name and key */
  readonly erased: Sql;
}

/** What became of the rows of a part: restored + alreadyRight + conflicts + gone = rows. */
export interface RestoredPart {
  readonly rows: number;
  readonly restored: number;
  readonly alreadyRight: number;
  readonly conflicts: number;
  readonly gone: number;
  /** restored rows that a trigger, or a column's type of today, has changed */
  readonly altered: number;
  /** the keys of conflicts, at most `mostConflictKeys` */
  readonly conflictKeys: readonly KeyText[];
}

export const mostConflictKeys = 100;

/** Inserts the missing rows of the part's table; with `overwrite` it also updates the rows that differ. */
export async function restorePart(tx: Transaction, target: RestoreTarget): Promise<RestoredPart> {
  await tx.query(sql`analyze ${partTable}`);
  const { rows } = await tx.query(restoreStatement(target));
  const count = (name: string): number => Number(rows[0]?.[name] ?? 0);
  return {
    rows: count("rows"),
    restored: count("restored"),
    alreadyRight: count("right"),
    conflicts: count("conflict"),
    gone: count("gone"),
    altered: count("altered"),
    conflictKeys: JSON.parse(rows[0]?.conflict_keys ?? "[]") as readonly KeyText[],
  };
}

// One statement, so that what is counted is what was done. A key that another session inserts meanwhile, or a
// unique value that a newer row holds, becomes a conflict and not an error.
function restoreStatement(target: RestoreTarget): Sql {
  const { kind } = target;
  const isGone = kind === "whole rows" ? "" : " or not found.tidefill_is_there";
  return sql`with found as materialized (
      ${foundRows(target)}
    ), inserted as (
      ${kind === "whole rows" ? insertMissing(target) : nothing}
    ), updated as (
      ${target.overwrite ? updateDifferent(target) : nothing}
    ), told as (
      select found.tidefill_key, done.tidefill_image is distinct from found.tidefill_image as is_altered,
        case
          when done.tidefill_key is not null then 'restored'
          when found.tidefill_is_same then 'right'
          when found.tidefill_is_erased${raw(isGone)} then 'gone'
          else 'conflict' end as outcome
      from found
      left join (
        select tidefill_key, tidefill_image from inserted
        union all
        select tidefill_key, tidefill_image from updated
      ) as done on done.tidefill_key = found.tidefill_key
    )
    select pg_catalog.count(*) as rows,
      pg_catalog.count(*) filter (where outcome = 'restored') as restored,
      pg_catalog.count(*) filter (where outcome = 'right') as "right",
      pg_catalog.count(*) filter (where outcome = 'conflict') as conflict,
      pg_catalog.count(*) filter (where outcome = 'gone') as gone,
      pg_catalog.count(*) filter (where outcome = 'restored' and is_altered) as altered,
      (select pg_catalog.json_agg(tidefill_key)
        from (
          select tidefill_key from told where outcome = 'conflict' limit ${mostConflictKeys}
        ) as listed) as conflict_keys
    from told`;
}

const nothing = raw("select null::text[] as tidefill_key, null::text as tidefill_image where false");

/** The rows of the part, compared with those of the table. */
function foundRows({ relation, key, kind, columns, erased }: RestoreTarget): Sql {
  const compared = comparedColumns(kind, key, columns);
  const table = `${relation.schema}.${relation.name}`;
  return sql`select part.*, ${keyTexts(key, "part")} as tidefill_key, ${rowText(compared, "part")} as tidefill_image,
        target.tableoid is not null as tidefill_is_there,
        target.tableoid is not null and ${rowText(compared, "target")} = ${rowText(compared, "part")} as tidefill_is_same,
        exists (
          select from ${erased} as erased
          where erased.table_name = ${table}
            and erased.key = ${keyTexts(key, "part")}
        ) as tidefill_is_erased
      from ${partTable} as part
      left join ${qualifiedName(relation)} as target on ${sameKey(key, "part")}`;
}

function insertMissing({ relation, key, kind, columns }: RestoreTarget): Sql {
  const own = columns.filter(({ isGenerated }) => !isGenerated);
  return sql`insert into ${qualifiedName(relation)} as target (${columnsOf(own)})
      overriding system value
      select ${uncarriedColumns(own, "found")}
      from found
      where not found.tidefill_is_there
        and not found.tidefill_is_erased
      on conflict do nothing
      returning ${keyTexts(key, "target")} as tidefill_key,
        ${rowText(comparedColumns(kind, key, columns), "target")} as tidefill_image`;
}

// A column that is always generated cannot be set: a row that differs there stays a conflict.
function updateDifferent({ relation, key, kind, columns }: RestoreTarget): Sql {
  const compared = comparedColumns(kind, key, columns);
  const fixed = compared.filter(({ isGenerated, isIdentityAlways }) => isGenerated || isIdentityAlways);
  const set = compared
    .filter((column) => !fixed.includes(column))
    .map((column) => `${quoteIdentifier(column.name)} = ${uncarried(column, "found")}`);
  if (set.length === 0) return nothing;
  return sql`update ${qualifiedName(relation)} as target
      set ${raw(set.join(", "))}
      from found
      where ${sameKey(key, "found")}
        and found.tidefill_is_there
        and not found.tidefill_is_erased
        and ${rowText(compared, "target")} <> found.tidefill_image
        and ${rowText(fixed, "target")} = ${rowText(fixed, "found")}
      returning found.tidefill_key, ${rowText(compared, "target")} as tidefill_image`;
}

/** All columns of a whole row; of an update, only what it touches. */
function comparedColumns(kind: BackupKind, key: Key, columns: readonly Column[]): readonly Column[] {
  if (kind === "whole rows") return columns;
  return columns.filter(({ name }) => key.columns.every((column) => column.name !== name));
}

function sameKey(key: Key, other: string): Sql {
  const columns = key.columns.map(({ name }) => `${other}.${quoteIdentifier(name)}`);
  return key.withAlias("target").equals(columns);
}

function keyTexts(key: Key, alias: string): Sql {
  return sql`array[${key.withAlias(alias).asTexts()}]`;
}
