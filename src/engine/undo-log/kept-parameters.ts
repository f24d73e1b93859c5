import { RefusedError } from "../../errors.ts";
import type { GivenParameters } from "../../job/definition/parameters.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Database, Queryable } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { encryptionOf, pgcryptoSchema, undoKeyOf } from "./encryption.ts";

/** Cannot be the name of a job's parameter: on the command line a name ends at the first `=`. */
const mark = "=encrypted";

/**
 * How the store keeps the parameters of a run about persons: encrypted like its undo log. A job without an
 * undo log (`undoable: false`) needs no key; its parameters are encrypted only where there are a key and
 * pgcrypto.
 */
export async function keptParameters(
  db: Queryable,
  run: bigint,
  parameters: string,
  options: UndoKeyOption,
): Promise<Sql> {
  const key = undoKeyOf(options);
  const isEncrypted = parameters !== "{}" && key !== undefined && (await pgcryptoSchema(db)) !== null;
  if (!isEncrypted) return sql`${parameters}::jsonb`;
  const { schema, password } = await encryptionOf(db, run, key);
  const encrypt = raw(`${quoteIdentifier(schema)}.pgp_sym_encrypt`);
  return sql`pg_catalog.jsonb_build_object(${mark}::text, pg_catalog.jsonb_build_object(
    'run', ${String(run)}::text,
    'text', pg_catalog.encode(${encrypt}(${parameters}::text, ${password}::text), 'base64')))`;
}

/** The parameters of a run, decrypted where they are encrypted. @throws RefusedError without the right key */
export async function givenParameters(
  db: Database,
  { id, parameters }: Run,
  options: UndoKeyOption,
): Promise<GivenParameters> {
  const encrypted = parameters[mark] as { readonly run: string; readonly text: string } | undefined;
  if (encrypted === undefined) return parameters;
  const key = undoKeyOf(options);
  if (key === undefined) throw closed(id, "TIDEFILL_UNDO_KEY is not set");
  // A verify copies the encrypted parameters of the run that it compares, so decrypt with that run's
  // password.
  const { schema, password } = await encryptionOf(db, BigInt(encrypted.run), key);
  const open = raw(`${quoteIdentifier(schema)}.pgp_sym_decrypt`);
  try {
    const { rows } = await db.query(
      sql`select ${open}(pg_catalog.decode(${encrypted.text}::text, 'base64'), ${password}::text) as opened`,
    );
    return JSON.parse(rows[0]?.opened ?? "{}") as GivenParameters;
  } catch (error) {
    if (sqlstateOf(error) !== "39000") throw error;
    throw closed(id, "TIDEFILL_UNDO_KEY is not the key that they were encrypted with");
  }
}

function closed(run: bigint, why: string): RefusedError {
  return new RefusedError(
    "undo-log-is-encrypted",
    `The parameters of run ${run} are about persons and kept encrypted, but ${why}. Nothing was changed.`,
    "Set TIDEFILL_UNDO_KEY to the key that was set when the run began.",
  );
}
