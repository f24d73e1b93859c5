import { createHash } from "node:crypto";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { readColumns } from "../columns/declared-columns.ts";
import { nameOfPlace } from "../listed-places.ts";
import type { ReadableSource, ReadColumn, TextRow } from "../readable-source.ts";
import type { BatchBounds, Walk } from "../walk.ts";
import type { InlineRows, InlineTexts } from "./inline-rows.ts";

/** The rows written in a job as a source. Key: the row's index. */
export class OpenedInline implements ReadableSource {
  readonly definition: InlineRows<unknown>;
  readonly walk: Walk;
  readonly keyWidth = 1;
  readonly columns: readonly ReadColumn[];
  /** sha256 of the values; stored with the run */
  readonly fingerprint: string;

  constructor(definition: InlineRows<unknown>) {
    this.definition = definition;
    this.walk = new InlineWalk(definition.values);
    this.columns = readColumns(definition.columns, this.keyWidth);
    this.fingerprint = createHash("sha256").update(JSON.stringify(definition.describe())).digest("hex");
  }

  /** How many rows there are. */
  estimate(): number {
    return this.definition.values.length;
  }

  async before(keys: readonly KeyText[]): Promise<ReadonlyMap<string, KeyText | null>> {
    return new Map(
      keys.map((key) => [nameOfPlace(key), key[0] === "0" ? null : [String(Number(key[0]) - 1)]]),
    );
  }

  async *read(_tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly TextRow[]> {
    const { values } = this.definition;
    const end = endOf(bounds, values.length);
    for (let at = beginOf(bounds.after); at < end; ) {
      const rows = values.slice(at, Math.min(end, at + portion()));
      yield rows.map((texts, index): TextRow => [String(at + index), ...texts]);
      at += rows.length;
    }
  }
}

/** Opens inline rows; asynchronous like the opening of every source. */
export async function openInline(definition: InlineRows<unknown>): Promise<OpenedInline> {
  return new OpenedInline(definition);
}

class InlineWalk implements Walk {
  readonly #values: readonly InlineTexts[];

  constructor(values: readonly InlineTexts[]) {
    this.#values = values;
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  async boundary(_tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    const index = beginOf(after) + rows - 1;
    return index < this.#values.length ? [String(index)] : null;
  }

  async nextBatch(_tx: Transaction, bounds: Bounds, rows: number, byteBudget: number): Promise<BatchBounds> {
    const begin = beginOf(bounds.after);
    const end = endOf(bounds, this.#values.length);
    if (begin >= end) return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    let at = begin;
    for (let bytes = 0; at < end && at - begin < rows; at += 1) {
      bytes += bytesOf(this.#values[at] ?? []);
      if (at > begin && bytes > byteBudget) break;
    }
    const walked = at - begin;
    // With an open end, the last full batch gets a key of its own, so that its only row can be named.
    const isLast = at === end && (walked < rows || bounds.through !== null);
    return { through: isLast ? bounds.through : [String(at - 1)], walked, isLast, isEmpty: false };
  }
}

function beginOf(after: KeyText | null): number {
  return after === null ? 0 : Number(after[0]) + 1;
}

function endOf({ through }: Bounds, rows: number): number {
  return through === null ? rows : Math.min(rows, Number(through[0]) + 1);
}

function bytesOf(texts: InlineTexts): number {
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}
