import { scryptSync } from "node:crypto";
import { RefusedError } from "../../errors.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import { quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Database, Queryable } from "../../postgres/transaction/database.ts";
import type { Encryption, UndoLog } from "../../sink/images/images.ts";
import type { Run } from "../../store/runs/run.ts";
import type { UndoKeyOption } from "../options/work-options.ts";

const shortestKey = 12;

/** The operator's key for undo logs, or undefined. */
export function undoKeyOf({ undoKey }: UndoKeyOption): string | undefined {
  return undoKey ?? process.env.TIDEFILL_UNDO_KEY;
}

/**
 * How a run's undo log is encrypted: with a password of the run's own, derived from the operator's key, so
 * that a password found for one log opens no other log. @throws RefusedError without a key, or without
 * pgcrypto in the database
 */
export async function encryptionOf(db: Queryable, run: bigint, key: string | undefined): Promise<Encryption> {
  const schema = await requireEncryption(db, key);
  const password = scryptSync(key ?? "", `tidefill undo ${run}`, 32).toString("hex");
  return { schema, password };
}

/** What must be encrypted, in words, and how a job does without it. */
const encrypted = {
  "undo log": { what: "its undo log must", instead: "; or write undoable: false" },
  answers: { what: "the answers of other systems must", instead: "" },
} as const;

type Encrypted = keyof typeof encrypted;

/** @throws RefusedError without a key that is long enough */
export function requireUndoKey(key: string | undefined, of: Encrypted = "undo log"): void {
  const { what, instead } = encrypted[of];
  if (key === undefined || key.length < shortestKey) {
    throw new RefusedError(
      "undo-log-is-encrypted",
      `This job is about persons, so ${what} be encrypted, and there is no key for it.`,
      `Set TIDEFILL_UNDO_KEY to a secret of at least ${shortestKey} characters and keep it${instead}.`,
    );
  }
}

/** Returns the schema of pgcrypto. @throws RefusedError when nothing could be encrypted */
export async function requireEncryption(
  db: Queryable,
  key: string | undefined,
  of: Encrypted = "undo log",
): Promise<string> {
  requireUndoKey(key, of);
  const schema = await pgcryptoSchema(db);
  if (schema !== null) return schema;
  const { what, instead } = encrypted[of];
  throw new RefusedError(
    "undo-log-is-encrypted",
    `This job is about persons, so ${what} be encrypted, and this database lacks pgcrypto.`,
    `create extension pgcrypto;${instead === "" ? "" : "   or write undoable: false in the job."}`,
  );
}

/** The schema of pgcrypto; null when it is not installed. */
export async function pgcryptoSchema(db: Queryable): Promise<string | null> {
  const { rows } = await db.query(sql`
    select n.nspname
    from pg_catalog.pg_extension e
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pgcrypto'`);
  return rows[0]?.nspname ?? null;
}

/** Decrypts one value of an undo log before any change. @throws RefusedError when the key is wrong */
export async function requireDecryption(
  db: Database,
  { table, encryption }: UndoLog,
  { id, undoParts }: Run,
): Promise<void> {
  if (encryption === null) return;
  const [part] = undoParts;
  const values = (part?.values ?? []).flatMap((_, index) =>
    part?.kind === "u"
      ? [`old_${index + 1}`, `new_${index + 1}`]
      : [part?.kind === "i" ? `new_${index + 1}` : `old_${index + 1}`],
  );
  if (values.length === 0) return;
  const open = raw(`${quoteIdentifier(encryption.schema)}.pgp_sym_decrypt`);
  const first = raw(`coalesce(${values.join(", ")})`);
  try {
    await db.query(sql`select ${open}(sample.value, ${encryption.password}) is not null as opens
      from (
        select ${first} as value
        from ${table}
        where ${first} is not null
        limit 1
      ) as sample`);
  } catch (error) {
    if (sqlstateOf(error) !== "39000") throw error;
    throw new RefusedError(
      "undo-log-is-encrypted",
      `TIDEFILL_UNDO_KEY is not the key that the undo log of run ${id} was encrypted with. Nothing was changed.`,
      "Set it to the key that was set when the run began.",
    );
  }
}
