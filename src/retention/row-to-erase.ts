import { UsageError } from "../errors.ts";
import { displayName, parseTableName } from "../job/columns/table.ts";
import { asWritten, Key, type KeyText } from "../postgres/catalog/key.ts";
import { readKey } from "../postgres/catalog/key-index.ts";
import { findRelation, qualifiedName, type Relation } from "../postgres/catalog/relation.ts";
import { classifyFailure } from "../postgres/failure/failure.ts";
import { join, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { ImagePart } from "../sink/images/image-part.ts";

/** Names one row, as a user typed it. */
export interface RowName {
  /** `schema.table`, or a table of the search path */
  readonly table: string;
  /** the columns that `key` is of; the primary key's when absent */
  readonly by?: readonly string[] | undefined;
  readonly key: KeyText;
}

/** The row that is looked for, whether or not it exists. */
export class RowToErase {
  readonly relation: Relation;
  readonly key: Key;
  /** as the database writes it */
  readonly text: KeyText;

  constructor(relation: Relation, key: Key, text: KeyText) {
    this.relation = relation;
    this.key = key;
    this.text = text;
  }

  /** As undo and tombstones call the table. */
  get tableName(): string {
    return `${this.relation.schema}.${this.relation.name}`;
  }

  get columns(): readonly string[] {
    return this.key.columns.map(({ name }) => name);
  }

  /** The relation `sought` of the one key, its columns `key_1`, `key_2` … as texts. */
  get values(): Sql {
    return sql`(select ${join(this.text.map((text, index) => sql`${text}::text as ${raw(`key_${index + 1}`)}`))}) as sought`;
  }

  /**
   * The condition that a row of another relation, whose key columns are `key_1`, `key_2` …, means this row.
   */
  isMeantBy(alias: string): Sql {
    const columns = this.key.columns.map((column, index) => ({ ...column, name: `key_${index + 1}` }));
    return new Key(columns, alias).equals(columns.map(({ name }) => `sought.${name}`));
  }

  /**
   * The key as the row in the table has it; null when it is not there. Equal keys may be written differently.
   */
  async textInTable(tx: Transaction): Promise<KeyText | null> {
    const { rows } = await tx.query(sql`
      select pg_catalog.json_build_array(${this.key.asTexts()}) as key
      from ${qualifiedName(this.relation)} as ${raw(this.key.alias)}, ${this.values}
      where ${this.key.equals(this.columns.map((_, index) => `sought.key_${index + 1}`))}`);
    return rows[0]?.key == null ? null : (JSON.parse(rows[0].key) as KeyText);
  }
}

/** Finds the table and its key, and has the database write the key in its own form. @throws UsageError */
export async function seekRow(tx: Transaction, { table, by, key }: RowName): Promise<RowToErase> {
  const name = parseTableName(table);
  const relation = await findRelation(tx, name);
  if (relation === null) {
    throw new UsageError(`There is no table ${displayName(name)} in this database.`, {
      remedy: "Write it with its schema: --table school.student",
    });
  }
  const columns = by === undefined || by.length === 0 ? await primaryKey(tx, relation) : by;
  const stranger = columns.find((column) => !relation.columns.some((each) => each.name === column));
  if (stranger !== undefined) throw new UsageError(`${table} has no column ${stranger}.`);
  if (columns.length !== key.length) {
    throw new UsageError(
      `The key of ${table} is (${columns.join(", ")}): ${columns.length} values, got ${key.length}.`,
      { remedy: `Write ${columns.map((column) => `--key <${column}>`).join(" ")}, in this order.` },
    );
  }
  const found = await readKey(tx, relation, columns);
  return new RowToErase(relation, found, await normalise(tx, relation, found, key));
}

/**
 * The row that a moved row was before, by the key in its image; null when its table is gone or has changed.
 */
export async function seekOrigin(tx: Transaction, part: ImagePart, key: KeyText): Promise<RowToErase | null> {
  const relation = await findRelation(tx, { schema: part.schema, name: part.table });
  const columns = part.key ?? [];
  const isThere = columns.every((column) => relation?.columns.some(({ name }) => name === column));
  if (relation === null || columns.length === 0 || !isThere) return null;
  return new RowToErase(relation, await readKey(tx, relation, columns), key);
}

async function primaryKey(tx: Transaction, relation: Relation): Promise<readonly string[]> {
  const { rows } = await tx.query(sql`
    select a.attname
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.generate_series(0, i.indnkeyatts - 1) as p
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]
    where i.indrelid = ${relation.oid}::oid
      and i.indisprimary
    order by p`);
  if (rows.length > 0) return rows.map(({ attname }) => attname ?? "");
  throw new UsageError(`${relation.name} has no primary key, so it is unclear which columns --key means.`, {
    remedy: "Name the columns by which jobs find its rows: --by <column>",
  });
}

async function normalise(
  tx: Transaction,
  relation: Relation,
  { columns }: Key,
  key: KeyText,
): Promise<KeyText> {
  const values = columns.map(({ name, type }, index) => {
    const typed = sql`${key[index] ?? ""}::text::${raw(type)}`;
    const column = relation.columns.find((each) => each.name === name);
    // Padded with blanks as the column does; a value longer than the column is no key, and must not be cut to
    // one.
    const kept = sql`${typed}::${raw(column?.displayType ?? type)}`;
    const whole =
      column?.baseName === "bpchar"
        ? sql`case when ${kept} = ${typed} then ${kept} else ${typed} end`
        : typed;
    return sql`${whole} as ${raw(`key_${index + 1}`)}`;
  });
  const texts = columns.map(({ type }, index) => asWritten(`typed.key_${index + 1}`, type));
  try {
    const { rows } = await tx.query(
      sql`select pg_catalog.json_build_array(${raw(texts.join(", "))}) as key from (select ${join(values)}) as typed`,
    );
    return JSON.parse(rows[0]?.key ?? "[]") as KeyText;
  } catch (error) {
    if (classifyFailure(error).reason !== "data") throw error;
    const wanted = columns.map(({ name, type }) => `${name} ${type}`).join(", ");
    // Without what was typed, and without PostgreSQL's message, which repeats it.
    throw new UsageError(
      `A --key does not fit its column's type. The key of ${displayName(relation)} is (${wanted}).`,
    );
  }
}
