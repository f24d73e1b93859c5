import { exactText, fromExactText } from "../../postgres/catalog/carried-text.ts";
import type { Key } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { ImageKind, ImagePart } from "./image-part.ts";

/** A column of an undo log, as for `create table`. */
export interface ImageColumn {
  readonly name: string;
  readonly type: string;
}

/** What a sink keeps so that a run can be undone. */
export interface SinkImages {
  readonly columns: readonly ImageColumn[];
  readonly parts: readonly ImagePart[];
}

/** Encrypts old values inside the database with pgcrypto; only the operator's password decrypts them. */
export interface Encryption {
  /** the schema of pgcrypto */
  readonly schema: string;
  readonly password: string;
}

/** The undo log of one run: a table of its own, so that dropping it leaves nothing behind. */
export interface UndoLog {
  readonly table: Sql;
  readonly encryption: Encryption | null;
}

/** What a batch needs to write images: the log, and the sweep of the batch. */
export interface ImageTarget extends UndoLog {
  readonly sweep: number;
  /** PostgreSQL 18 and later return what an update overwrote */
  readonly hasReturningOld: boolean;
}

/** The columns of a table's images in an undo log: `key_n` in plain, `old_n` and `new_n` maybe encrypted. */
export class ImageLayout {
  readonly relation: Relation;
  readonly key: Key;
  readonly values: readonly Column[];

  constructor(relation: Relation, key: Key, values: readonly Column[]) {
    this.relation = relation;
    this.key = key;
    this.values = values;
  }

  /** `key_1, key_2`, with an alias if given */
  keyNames(alias?: string): string[] {
    return this.key.columns.map((_, index) => named(alias, `key_${index + 1}`));
  }

  /** Whether rows are found by their address: an update by another session moves them elsewhere. */
  get isByAddress(): boolean {
    return this.#keyNames() === null;
  }

  /** The log's key columns under `alias`, as texts. */
  keyTexts(alias: string): Sql {
    return this.key.textsOf(this.keyNames(alias));
  }

  /** `old_1, old_2` or `new_1, new_2`, with an alias if given */
  valueNames(age: "old" | "new", alias?: string): string[] {
    return this.values.map((_, index) => named(alias, `${age}_${index + 1}`));
  }

  /** The key columns of the table under `alias`, named as in the log. */
  keysOf(alias: string): Sql {
    return raw(
      this.key.columns
        .map(({ name }, index) => `${alias}.${quoteIdentifier(name)} as key_${index + 1}`)
        .join(", "),
    );
  }

  /** The values of the table under `alias`, named as in the log. */
  valuesOf(age: "old" | "new", alias: string): Sql {
    return raw(
      this.values
        .map(({ name }, index) => `${alias}.${quoteIdentifier(name)} as ${age}_${index + 1}`)
        .join(", "),
    );
  }

  /** The columns of a log that keeps old values, new values, or both. */
  columns(ages: readonly ("old" | "new")[], isEncrypted: boolean): ImageColumn[] {
    const keys = this.key.columns.map(({ type }, index) => ({ name: `key_${index + 1}`, type }));
    const values = ages.flatMap((age) =>
      this.values.map(({ baseType }, index) => ({
        name: `${age}_${index + 1}`,
        type: isEncrypted ? "bytea" : baseType,
      })),
    );
    return [...keys, ...values];
  }

  /** The log's values, decrypted and with their columns' types. */
  opened(age: "old" | "new", alias: string, encryption: Encryption | null): Sql[] {
    return this.values.map((column, index) => {
      const stored = `${alias}.${age}_${index + 1}`;
      if (encryption === null) return raw(stored);
      const open = raw(`${quoteIdentifier(encryption.schema)}.pgp_sym_decrypt`);
      return fromExactText(column, sql`${open}(${raw(stored)}, ${encryption.password})`);
    });
  }

  /** The layout as plain data that outlives the program. */
  describe(kind: ImageKind, into: ImageLayout | null = null): ImagePart {
    const { schema, name } = this.relation;
    return {
      kind,
      schema,
      table: name,
      key: this.#keyNames(),
      values: this.values.map((column) => column.name),
      into:
        into === null
          ? null
          : { schema: into.relation.schema, table: into.relation.name, key: into.#keyNames() },
    };
  }

  #keyNames(): readonly string[] | null {
    const names = this.key.columns.map(({ name }) => name);
    return names.includes("ctid") ? null : names;
  }

  /** The table itself, for a statement. */
  get table(): Sql {
    return qualifiedName(this.relation);
  }
}

/** Which values of a relation are kept as images. */
export interface KeptImages {
  readonly kind: ImageKind;
  readonly ages: readonly ("old" | "new")[];
  /** the relation, whose columns are named as in the log */
  readonly from: Sql;
  /** further columns of the log */
  readonly more?: readonly (readonly [name: string, value: Sql])[];
}

/** An `insert` of images from a relation whose columns are named as in the log. */
export function keepImages(
  { table, encryption, sweep }: ImageTarget,
  layout: ImageLayout,
  { kind, ages, from, more = [] }: KeptImages,
): Sql {
  const values = ages.flatMap((age) => layout.valueNames(age));
  const names = ["kind", "sweep", ...layout.keyNames(), ...values, ...more.map(([name]) => name)];
  const kept = ages.flatMap((age) =>
    layout.valueNames(age).map((name, index) => encrypted(raw(name), layout.values[index], encryption)),
  );
  const keys = layout.keyNames().map(raw);
  return sql`insert into ${table} (${raw(names.join(", "))})
      select ${join([raw(`'${kind}'`), raw(String(sweep)), ...keys, ...kept, ...more.map(([, value]) => value)])}
      from ${from}`;
}

/** A text, encrypted with aes256. The password is long and random, so a salted hash suffices for it. */
function encrypted(value: Sql, column: Column | undefined, encryption: Encryption | null): Sql {
  if (encryption === null || column === undefined) return value;
  const close = raw(`${quoteIdentifier(encryption.schema)}.pgp_sym_encrypt`);
  return sql`${close}(${exactText(column, value)}, ${encryption.password}, 'cipher-algo=aes256, s2k-mode=1')`;
}

function named(alias: string | undefined, name: string): string {
  return alias === undefined ? name : `${alias}.${name}`;
}

/** How rows without a usable key are found again: by their address, until another session moves them. */
export const rowAddress = [
  { name: "tableoid", type: "pg_catalog.oid", operatorSchema: "pg_catalog", order: "" },
  { name: "ctid", type: "pg_catalog.tid", operatorSchema: "pg_catalog", order: "" },
] as const;
