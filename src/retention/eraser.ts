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
}

/** Where a moved row came from. */
interface Origin {
  readonly part: ImagePart;
  readonly key: KeyText;
}

/** Erases a row, and those that it was moved from, out of what runs keep, and leaves their tombstones. */
export class Eraser {
  readonly #tx: Transaction;
  readonly #store: Store;
  readonly #runs: readonly KeepingRun[];

  constructor(tx: Transaction, store: Store, runs: readonly KeepingRun[]) {
    this.#tx = tx;
    this.#store = store;
    this.#runs = runs;
  }

  async erase(sought: RowToErase): Promise<Counts> {
    const { schema } = this.#store;
    const inTable = await sought.textInTable(this.#tx);
    const keys: KeyText[] = [sought.text, ...(inTable === null ? [] : [inTable])];
    const origins: Origin[] = [];
    let images = 0;
    for (const run of this.#runs) {
      const { own, moved } = await this.#eraseLog(run, sought);
      images += own.length + moved.length;
      keys.push(...own);
      origins.push(...moved);
    }
    await addTombstones(this.#tx, schema, sought.tableName, keys);
    const [about, untold] = [keepsRejectsOf, readsUntold].map((holds) =>
      this.#runs.filter((run) => holds(run, sought)).map(({ id }) => id),
    );
    const rejects = await removeRejectsOf(this.#tx, schema, about ?? [], keys);
    const reasons = await blankReasonsOf(this.#tx, schema, untold ?? [], keys);
    let counts: Counts = { images, rejects, reasons };
    for (const origin of origins) counts = sum(counts, await this.#eraseOrigin(origin));
    return counts;
  }

  // An image whose values are gone is not met again, so that rows that were moved to and fro come to an end.
  async #eraseOrigin({ part, key }: Origin): Promise<Counts> {
    const origin = await seekOrigin(this.#tx, part, key);
    if (origin !== null) return this.erase(origin);
    await addTombstones(this.#tx, this.#store.schema, `${part.schema}.${part.table}`, [key]);
    return { images: 0, rejects: 0, reasons: 0 };
  }

  async #eraseLog(
    { id, kind, undoLog, parts }: KeepingRun,
    sought: RowToErase,
  ): Promise<{ readonly own: readonly KeyText[]; readonly moved: readonly Origin[] }> {
    const about = parts.filter((part) => isAbout(part, sought));
    const hasLog = kind === "run" && (undoLog === "plain" || undoLog === "encrypted");
    if (!hasLog || about.length === 0) return { own: [], moved: [] };
    const log = this.#store.undoLogs.table(id);
    // A batch of an undo that has read an image before the tombstone was there must have ended.
    await this.#tx.query(sql`lock table ${log} in access exclusive mode`);
    // Logs of earlier versions do not have it.
    await this.#store.undoLogs.identify(this.#tx, id);
    const own: KeyText[] = [];
    const moved: Origin[] = [];
    for (const part of about) {
      own.push(...(await eraseOwnImages(this.#tx, log, part, sought)));
      const keys = await eraseMovedImages(this.#tx, log, part, sought);
      moved.push(...keys.map((key) => ({ part, key })));
    }
    // The old versions of the images lie in the file until a vacuum, which such a log would otherwise hardly ever see.
    if (own.length + moved.length > 0) await this.#tx.query(sql`alter table ${log} set (${vacuumSoon})`);
    return { own, moved };
  }
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
  };
}
