import { TidefillError } from "../errors.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { withRetries } from "../postgres/transaction/with-retries.ts";
import { damagedParts } from "./damaged-parts.ts";
import { readManifest } from "./manifest.ts";
import { loadPart } from "./part-table.ts";

/** Longer than a batch: no other session waits for the rows of a temporary table. */
export const loadLimits = { statementMs: 300_000, idleMs: 300_000, wholeMs: 900_000 };

/**
 * Reads a backup back from the disk into a temporary table and compares it with its manifest.
 * @throws TidefillError when anything differs
 */
export async function readBack(db: Database, directory: string, columns: readonly Column[]): Promise<void> {
  const manifest = await readManifest(directory);
  const [damaged] = await damagedParts(directory, manifest);
  if (damaged !== undefined) throw mismatch(directory, damaged, "its bytes are not those that were written");
  for (const part of manifest.parts) {
    const { rows, checksum } = await withRetries(() =>
      db.transaction((tx) => loadPart(tx, columns, directory, part.file), loadLimits),
    );
    if (rows !== part.rows)
      throw mismatch(directory, part.file, `it holds ${rows} rows, and ${part.rows} were exported`);
    if (checksum !== part.checksum)
      throw mismatch(directory, part.file, "its rows are not those that were exported");
  }
}

function mismatch(directory: string, file: string, why: string): TidefillError {
  return new TidefillError(
    "backup-not-verified",
    `The backup in ${directory} was read back, and ${file} is wrong: ${why}. It does not count as a backup.`,
    { remedy: "Check the disk, and make another backup in an empty directory." },
  );
}
