import { JobError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";

/** A place in a file between two records. */
export interface Position {
  readonly byte: number;
  /** the number of the line that begins there; the first is 1 */
  readonly line: number;
}

/** Where a record stands in its file. */
export interface Span {
  readonly bytes: number;
  /** the offset just past the record and its line break */
  readonly end: number;
  readonly firstLine: number;
  /** more than `firstLine` where a quoted field holds line breaks */
  readonly lastLine: number;
}

/** A record as it was found; its values are taken out only when they are asked for. */
export interface FileRecord {
  readonly span: Span;
  /** PostgreSQL's texts of the declared columns. @throws RecordError, ColumnValueError when they cannot be had */
  texts(): readonly (string | null)[];
}

/** How a kind of file is cut into records. */
export interface FileFormat {
  /** The records from `from` on, whose bytes `chunks` brings. */
  records(chunks: AsyncIterable<Buffer>, from: Position): AsyncGenerator<readonly FileRecord[]>;
}

/** A record whose end is known but that has no values. */
export class RecordError extends Error {}

export const keyWidth = 3;

/** Longer than any row that PostgreSQL could take in practice. */
export const mostRecordBytes = 268_435_456;

/** More lines than any text in a field has in practice: a quote that was never closed. */
export const mostRecordLines = 100_000;

/** A record's key: the offset just past it, its first and its last line. A checkpoint there tells where to go on, and on which line. */
export function keyOf({ end, firstLine, lastLine }: Span): KeyText {
  return [String(end), String(firstLine), String(lastLine)];
}

/** Where the record after the one with this key begins. */
export function positionAfter(key: KeyText): Position {
  const byte = endOf(key);
  const lastLine = Number(key[2]);
  if (!Number.isSafeInteger(byte) || !Number.isSafeInteger(lastLine)) {
    throw new JobError(`(${key.join(", ")}) is not the key of a file's record.`);
  }
  return { byte, line: lastLine + 1 };
}

/** The offset just past the record with this key. */
export function endOf(key: KeyText): number {
  return Number(key[0]);
}

/** `line 7` or `lines 7 to 9`. */
export function linesOf({ firstLine, lastLine }: Pick<Span, "firstLine" | "lastLine">): string {
  return firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine} to ${lastLine}`;
}
