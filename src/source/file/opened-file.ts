import { ColumnValueError } from "../../job/columns/column-codec.ts";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { readColumns } from "../columns/declared-columns.ts";
import { nameOfPlace } from "../listed-places.ts";
import { BadRecord, type ReadableSource, type ReadColumn, type SourceRow } from "../readable-source.ts";
import type { CsvFile } from "./csv-file.ts";
import { type FileRecord, keyOf, keyWidth, linesOf, type Position, RecordError } from "./file-record.ts";
import { FileWalk } from "./file-walk.ts";
import { type HashedFile, hashFile } from "./hashed-file.ts";
import type { NdjsonFile } from "./ndjson-file.ts";
import { NdjsonFormat } from "./ndjson-format.ts";
import { csvStart, textStart } from "./text-start.ts";

export type FileDefinition = CsvFile<unknown> | NdjsonFile<unknown>;

/** How many records to read for an estimate of their number. */
const sampleRecords = 1_000;

/** A file as a source, hashed, with its header read. Key: (offset past the record, first line, last line). */
export class OpenedFile implements ReadableSource {
  readonly definition: FileDefinition;
  readonly walk: FileWalk;
  readonly keyWidth = keyWidth;
  readonly columns: readonly ReadColumn[];
  /** sha256 of the content; stored with the run */
  readonly fingerprint: string;
  readonly #file: HashedFile;
  readonly #rows: number;

  constructor(definition: FileDefinition, file: HashedFile, walk: FileWalk, rows: number) {
    this.definition = definition;
    this.#file = file;
    this.fingerprint = file.hash;
    this.walk = walk;
    this.#rows = rows;
    this.columns = readColumns(definition.columns, keyWidth);
  }

  /** The approximate number of records; exact for a small file. */
  estimate(): number {
    return this.#rows;
  }

  placeOf([, first, last]: KeyText): string {
    return linesOf({ firstLine: Number(first), lastLine: Number(last) });
  }

  /** Reads the file once: a key tells where its record ends, but not where it begins. */
  async before(keys: readonly KeyText[]): Promise<ReadonlyMap<string, KeyText | null>> {
    const wanted = new Set(keys.map(nameOfPlace));
    const found = new Map<string, KeyText | null>();
    let last: KeyText | null = null;
    for await (const records of this.walk.records({ after: null, through: null })) {
      for (const { span } of records) {
        const key = keyOf(span);
        if (wanted.has(nameOfPlace(key))) found.set(nameOfPlace(key), last);
        last = key;
      }
      if (found.size === wanted.size) break;
    }
    return found;
  }

  async *read(_tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]> {
    let rows: SourceRow[] = [];
    let wished = portion();
    for await (const records of this.walk.records(bounds)) {
      for (const record of records) {
        rows.push(rowOf(record));
        if (rows.length < wished) continue;
        yield rows;
        rows = [];
        wished = portion();
      }
    }
    // No batch may commit whose last rows were read from a changed file.
    await this.#file.requireUnchanged();
    if (rows.length > 0) yield rows;
  }
}

/** Hashes a file and reads its header. @throws UsageError when it is unreadable or lacks a declared column */
export async function openFile(definition: FileDefinition): Promise<OpenedFile> {
  const file = await hashFile(definition.path);
  const begin = await textStart(file);
  const { format, start } =
    "delimiter" in definition
      ? await csvStart(definition, file, begin)
      : { format: new NdjsonFormat(definition), start: begin };
  const walk = new FileWalk(file, format, start);
  return new OpenedFile(definition, file, walk, await guessRows(file, walk, start));
}

async function guessRows(file: HashedFile, walk: FileWalk, start: Position): Promise<number> {
  let records = 0;
  let end = start.byte;
  for await (const found of walk.records({ after: null, through: null })) {
    records += found.length;
    end = found.at(-1)?.span.end ?? end;
    if (records >= sampleRecords) break;
  }
  return records < sampleRecords
    ? records
    : Math.round((records * (file.bytes - start.byte)) / (end - start.byte));
}

function rowOf(record: FileRecord): SourceRow {
  const key = keyOf(record.span);
  try {
    return [...key, ...record.texts()];
  } catch (error) {
    if (!(error instanceof RecordError || error instanceof ColumnValueError)) throw error;
    return new BadRecord(key, `${linesOf(record.span)}, ${error.message}`);
  }
}
