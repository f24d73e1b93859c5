import type { KeyText } from "../postgres/catalog/key.ts";
import { raw, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { ImagePart } from "../sink/images/image-part.ts";
import {
  addTombstones,
  blankReasonsOf,
  type KeepingRun,
  removeRejectsOf,
} from "../store/retention/keeping-runs.ts";
import type { Store } from "../store/store.ts";
import { eraseMovedImages, eraseOwnImages, isAbout, keepsRejectsOf, readsUntold } from "./erase-images.ts";
import { type RowToErase, seekOrigin } from "./row-to-erase.ts";

interface Counts {
  readonly images: number;
  readonly rejects: number;
  readonly reasons: number;
  /** answers of other systems about the row */
  readonly answers: number;
}

/** Where a moved row came from. */
interface Origin {
  readonly part: ImagePart;
  readonly key: KeyText;
}

/** Where a row is erased: the transaction, the store, and the runs that keep something. */
export interface Erasing {
  readonly tx: Transaction;
  readonly store: Store;
  readonly runs: readonly KeepingRun[];
}

/** Erases a row, and the rows that it was moved from, from what runs keep, and leaves their tombstones. */
export async function eraseKept(erasing: Erasing, sought: RowToErase): Promise<Counts> {
  const { tx, store, runs } = erasing;
  const inTable = await sought.textInTable(tx);
  const keys: KeyText[] = [sought.text, ...(inTable === null ? [] : [inTable])];
  const origins: Origin[] = [];
  let images = 0;
  for (const run of runs) {
    const { own, moved } = await eraseLog(erasing, run, sought);
    images += own.length + moved.length;
    keys.push(...own);
    origins.push(...moved);
  }
  await addTombstones(tx, store.schema, sought.tableName, keys);
  const [about, untold] = [keepsRejectsOf, readsUntold].map((holds) =>
    runs.filter((run) => holds(run, sought)).map(({ id }) => id),
  );
  const rejects = await removeRejectsOf(tx, store.schema, about ?? [], keys);
  const reasons = await blankReasonsOf(tx, store.schema, untold ?? [], keys);
  const answers = await eraseAnswers(erasing, sought, keys);
  let counts: Counts = { images, rejects, reasons, answers };
  for (const origin of origins) counts = sum(counts, await eraseOrigin(erasing, origin));
  return counts;
}

// An image whose values are gone is not found again, so this ends even for rows that were moved back and
// forth.
async function eraseOrigin(erasing: Erasing, { part, key }: Origin): Promise<Counts> {
  const { tx, store } = erasing;
  const origin = await seekOrigin(tx, part, key);
  if (origin !== null) return eraseKept(erasing, origin);
  await addTombstones(tx, store.schema, `${part.schema}.${part.table}`, [key]);
  return { images: 0, rejects: 0, reasons: 0, answers: 0 };
}

/** Runs that do not tell which table they read may have asked about this row, too. */
async function eraseAnswers(
  { tx, store, runs }: Erasing,
  sought: RowToErase,
  keys: readonly KeyText[],
): Promise<number> {
  const asking = runs.filter((run) => run.hasAnswers && (keepsRejectsOf(run, sought) || readsUntold(run)));
  let answers = 0;
  for (const key of distinct(keys)) {
    for (const { id } of asking) answers += await store.answers.erase(tx, id, key);
    answers += await store.answers.eraseDry(tx, key);
  }
  return answers;
}

function distinct(keys: readonly KeyText[]): KeyText[] {
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}

async function eraseLog(
  { tx, store }: Erasing,
  { id, kind, undoLog, parts }: KeepingRun,
  sought: RowToErase,
): Promise<{ readonly own: readonly KeyText[]; readonly moved: readonly Origin[] }> {
  const about = parts.filter((part) => isAbout(part, sought));
  const hasLog = kind === "run" && (undoLog === "plain" || undoLog === "encrypted");
  if (!hasLog || about.length === 0) return { own: [], moved: [] };
  const log = store.undoLogs.table(id);
  // Waits for a batch of an undo that may have read an image before the tombstone was there.
  await tx.query(sql`lock table ${log} in access exclusive mode`);
  // Logs of earlier versions do not have it.
  await store.undoLogs.identify(tx, id);
  const own: KeyText[] = [];
  const moved: Origin[] = [];
  for (const part of about) {
    own.push(...(await eraseOwnImages(tx, log, part, sought)));
    const keys = await eraseMovedImages(tx, log, part, sought);
    moved.push(...keys.map((key) => ({ part, key })));
  }
  // Old versions of the images stay in the file until a vacuum, which such a log would otherwise hardly ever
  // get.
  if (own.length + moved.length > 0) await tx.query(sql`alter table ${log} set (${vacuumSoon})`);
  return { own, moved };
}

const vacuumSoon = raw(
  ["", "toast."]
    .flatMap((of) => [`${of}autovacuum_vacuum_threshold = 0`, `${of}autovacuum_vacuum_scale_factor = 0`])
    .join(", "),
);

function sum(left: Counts, right: Counts): Counts {
  return {
    images: left.images + right.images,
    rejects: left.rejects + right.rejects,
    reasons: left.reasons + right.reasons,
    answers: left.answers + right.answers,
  };
}
