import { JobError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";

/** A place between two records of a file. */
export interface Position {
  readonly byte: number;
  /** the number of the line that begins there; the first is 1 */
  readonly line: number;
}

/** Where a record is in its file. */
export interface Span {
  readonly bytes: number;
  /** the offset just past the record and its line break */
  readonly end: number;
  readonly firstLine: number;
  /** greater than `firstLine` where a quoted field contains line breaks */
  readonly lastLine: number;
}

/** A record as it was found; its values are parsed only when they are asked for. */
export interface FileRecord {
  readonly span: Span;
  /** PostgreSQL's texts of the declared columns. @throws RecordError, ColumnValueError if one is invalid */
  texts(): readonly (string | null)[];
}

/** How a kind of file is split into records. */
export interface FileFormat {
  /** The records from `from` on; `chunks` are the file's bytes from there. */
  records(chunks: AsyncIterable<Buffer>, from: Position): AsyncGenerator<readonly FileRecord[]>;
}

/** A record whose end is known but whose values cannot be read. */
export class RecordError extends Error {}

export const keyWidth = 3;

/** Longer than any row that PostgreSQL accepts in practice. */
export const mostRecordBytes = 268_435_456;

/** More lines than a field's text has in practice: a quote was never closed. */
export const mostRecordLines = 100_000;

/**
 * A record's key: the offset just past it, its first and its last line. A checkpoint there tells at which
 * byte and line to continue.
 */
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
