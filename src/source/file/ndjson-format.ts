import { isUtf8 } from "node:buffer";
import { ColumnInput } from "../columns/column-input.ts";
import { jsonParts } from "../columns/json-parts.ts";
import {
  type FileFormat,
  type FileRecord,
  mostRecordBytes,
  type Position,
  RecordError,
  type Span,
} from "./file-record.ts";
import type { NdjsonFile } from "./ndjson-file.ts";

const lf = 10;

/** The lines of an NDJSON file as the declared columns; a bad line never hides the next one. */
export class NdjsonFormat implements FileFormat {
  readonly #columns: ReadonlyMap<string, ColumnInput>;

  constructor({ columns }: NdjsonFile<unknown>) {
    this.#columns = new Map(
      Object.entries(columns).map(([name, type]) => [name, new ColumnInput(name, type)]),
    );
  }

  async *records(chunks: AsyncIterable<Buffer>, from: Position): AsyncGenerator<readonly FileRecord[]> {
    let { byte, line } = from;
    let rest = new PartOfLine();
    for await (const chunk of chunks) {
      const found: FileRecord[] = [];
      let start = 0;
      for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, start)) {
        rest.add(chunk.subarray(start, at + 1));
        byte += rest.length;
        if (!rest.isBlank) found.push(this.#record(rest, byte, line));
        line += 1;
        start = at + 1;
        rest = new PartOfLine();
      }
      rest.add(chunk.subarray(start));
      yield found;
    }
    if (!rest.isBlank) yield [this.#record(rest, byte + rest.length, line)];
  }

  #record({ bytes, length }: PartOfLine, end: number, line: number): FileRecord {
    const span = { bytes: length, end, firstLine: line, lastLine: line };
    return new NdjsonRecord(span, bytes, this.#columns);
  }
}

/** A line read so far; of a line that is too long only its length is kept. */
class PartOfLine {
  #parts: Buffer[] = [];
  length = 0;

  add(part: Buffer): void {
    this.length += part.length;
    this.#parts.push(part);
    if (this.length > mostRecordBytes) this.#parts = [];
  }

  /** null when the line is too long */
  get bytes(): Buffer | null {
    return this.length > mostRecordBytes ? null : Buffer.concat(this.#parts);
  }

  get isBlank(): boolean {
    return this.length <= mostRecordBytes && this.#parts.every(isBlank);
  }
}

class NdjsonRecord implements FileRecord {
  readonly span: Span;
  readonly #bytes: Buffer | null;
  readonly #columns: ReadonlyMap<string, ColumnInput>;

  constructor(span: Span, bytes: Buffer | null, columns: ReadonlyMap<string, ColumnInput>) {
    this.span = span;
    this.#bytes = bytes;
    this.#columns = columns;
  }

  texts(): readonly (string | null)[] {
    if (this.#bytes === null) throw new RecordError(`longer than ${mostRecordBytes} bytes`);
    if (!isUtf8(this.#bytes)) throw new RecordError("bytes that are not UTF-8");
    const text = this.#bytes.toString("utf8");
    requireObject(text);
    // If a name occurs twice, the last one counts, as in JSON.parse and jsonb.
    const members = new Map(jsonParts(text).map(({ name, raw }) => [name, raw]));
    return [...this.#columns].map(([name, input]) => input.fromJson(members.get(name)));
  }
}

function requireObject(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message shows a part of the line.
    throw new RecordError("not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RecordError("not a JSON object");
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === lf || byte === 13 || byte === 32 || byte === 9);
}
