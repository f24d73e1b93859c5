import { basename, join } from "node:path";
import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import { qualifiedName } from "../postgres/catalog/relation.ts";
import { raw, sql } from "../postgres/sql/sql.ts";
import type { Database, Transaction } from "../postgres/transaction/database.ts";
import { withRetries } from "../postgres/transaction/with-retries.ts";
import type { BackupProgress } from "./backup-progress.ts";
import type { ManifestPart } from "./manifest.ts";
import { partFileName, writePart } from "./part-file.ts";
import { carriedColumns, columnsOf, partTable, summarise, underCommonSettings } from "./part-table.ts";
import type { Kept } from "./what-to-keep.ts";

const firstRows = 1_000;
/** A part is one transaction, also when it is restored, where it locks rows that other sessions may need. */
const mostRows = 50_000;
const goodMs = 1_000;
const goodBytes = 32 * 1_048_576;

interface Exported {
  /** null when no row of the range is in scope */
  readonly part: ManifestPart | null;
  readonly bounds: Bounds;
  readonly rawBytes: number;
}

/**
 * Writes the rows in parts, in the order of the key; each part is one snapshot, and none outlives its part.
 */
export async function exportRows(
  db: Database,
  kept: Kept,
  directory: string,
  onProgress: (progress: BackupProgress) => void,
): Promise<readonly ManifestPart[]> {
  const parts: ManifestPart[] = [];
  let after: KeyText | null = null;
  let rows = firstRows;
  for (;;) {
    const began = performance.now();
    const from: KeyText | null = after;
    const file = partFileName(parts.length + 1);
    const { part, bounds, rawBytes }: Exported = await withRetries((failures) => {
      rows = Math.max(1, Math.round(rows / 4 ** Math.min(1, failures)));
      // May take longer than a batch, since it locks no row.
      return db.transaction((tx) => exportPart(tx, kept, { after: from, rows }, join(directory, file)), {
        wholeMs: 180_000,
      });
    });
    if (part !== null) parts.push(part);
    onProgress(totalOf(parts));
    if (bounds.through === null) return parts;
    after = bounds.through;
    rows = nextRows(rows, performance.now() - began, rawBytes);
  }
}

export function totalOf(parts: readonly ManifestPart[]): BackupProgress {
  const sum = (each: (part: ManifestPart) => number): number =>
    parts.reduce((total, part) => total + each(part), 0);
  return { rows: sum((part) => part.rows), bytes: sum((part) => part.bytes) };
}

// One statement, and so one snapshot, puts the rows into a temporary table; they are copied and counted from
// there. COPY takes no parameters: straight from the table, its text would show the job's values in the
// server's views.
async function exportPart(
  tx: Transaction,
  { table, columns }: Kept,
  { after, rows }: { readonly after: KeyText | null; readonly rows: number },
  path: string,
): Promise<Exported> {
  const bounds = { after, through: await table.walk.boundary(tx, after, rows) };
  await tx.query(sql`create temporary table tidefill_part on commit drop as
      select ${carriedColumns(columns, table.key.alias)}
      from ${qualifiedName(table.relation)} as ${raw(table.key.alias)}
      where ${table.condition(bounds)}
      order by ${table.key.list}`);
  return underCommonSettings(tx, async () => {
    const summary = await summarise(tx, columns);
    if (summary.rows === 0) return { part: null, bounds, rawBytes: 0 };
    const written = { bytes: 0, sha256: "", rawBytes: 0 };
    await tx.copyOut(
      sql`copy ${partTable} (${columnsOf(columns)}) to stdout with (format text, encoding 'UTF8')`,
      async (copied) => void Object.assign(written, await writePart(path, copied)),
    );
    const { bytes, sha256, rawBytes } = written;
    return { part: { file: basename(path), ...summary, bytes, sha256, bounds }, bounds, rawBytes };
  });
}

function nextRows(rows: number, ms: number, rawBytes: number): number {
  const fits = Math.min(goodMs / Math.max(1, ms), goodBytes / Math.max(1, rawBytes), 2);
  return Math.min(mostRows, Math.max(1, Math.round(rows * fits)));
}
