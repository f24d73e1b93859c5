import { RefusedError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import { findKeyIndexes, readKey } from "../postgres/catalog/key-index.ts";
import { findRelation } from "../postgres/catalog/relation.ts";
import type { Sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { Manifest } from "./manifest.ts";
import type { RestoreTarget } from "./restore-part.ts";

/**
 * The table to which a backup is restored, as it is today.
 * @throws RefusedError when the rows would not fit
 */
export async function openTarget(
  tx: Transaction,
  manifest: Manifest,
  { overwrite, erased }: { readonly overwrite: boolean; readonly erased: Sql },
): Promise<RestoreTarget> {
  const { schema, table, kind } = manifest;
  const name = displayName({ schema, name: table });
  const relation = await findRelation(tx, { schema, name: table });
  if (relation === null || (relation.kind !== "table" && relation.kind !== "partitioned table")) {
    throw refused(
      `There is no table ${name} in this database.`,
      "Create it, with the columns of the manifest, and restore again.",
    );
  }
  const columns = manifest.columns.flatMap(
    ({ name: wanted }) => relation.columns.find((column) => column.name === wanted) ?? [],
  );
  const missing = manifest.columns.find(({ name: wanted }) =>
    columns.every((column) => column.name !== wanted),
  );
  if (missing !== undefined) {
    throw refused(
      `The table ${name} no longer has a column ${missing.name}.`,
      `Add it: it was of type ${missing.type}.`,
    );
  }
  const [index] = await findKeyIndexes(tx, relation, manifest.key);
  if (index === undefined || index.fault !== "none") {
    throw refused(
      `The key (${manifest.key.join(", ")}) of the backup is no longer a key of ${name}: no unique index on plain, not-null columns tells its rows apart.`,
      "Create that index and restore again.",
    );
  }
  return { relation, key: await readKey(tx, relation, manifest.key), kind, columns, overwrite, erased };
}

/** The columns whose types have changed since the backup, in words. */
export function changedTypes({ columns }: Manifest, target: RestoreTarget): string {
  const changed = columns.flatMap(({ name, type, baseType }) => {
    const today = target.columns.find((column) => column.name === name);
    return today === undefined || today.baseType === baseType
      ? []
      : [`${name} was ${type} and is ${today.displayType}`];
  });
  return changed.join(", ");
}

function refused(message: string, remedy: string): RefusedError {
  return new RefusedError("backup-fits", `${message} Nothing was restored.`, remedy);
}
