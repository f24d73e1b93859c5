import { isUtf8 } from "node:buffer";
import { UsageError } from "../errors.ts";
import { ColumnInput } from "./column-input.ts";
import {
  type FileFormat,
  type FileRecord,
  mostRecordBytes,
  type Position,
  RecordError,
  type Span,
} from "./file-record.ts";
import { jsonParts } from "./json-parts.ts";
import type { NdjsonFile } from "./ndjson-file.ts";

const lf = 10;

/** The lines of an NDJSON file as the declared columns; a bad line never hides the next. */
export class NdjsonFormat implements FileFormat {
  readonly #path: string;
  readonly #columns: ReadonlyMap<string, ColumnInput>;

  constructor({ path, columns }: NdjsonFile<unknown>) {
    this.#path = path;
    this.#columns = new Map(
      Object.entries(columns).map(([name, type]) => [name, new ColumnInput(name, type)]),
    );
  }

  async *records(chunks: AsyncIterable<Buffer>, from: Position): AsyncGenerator<readonly FileRecord[]> {
    let { byte, line } = from;
    let rest: Buffer[] = [];
    let restBytes = 0;
    for await (const chunk of chunks) {
      const found: FileRecord[] = [];
      let start = 0;
      for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, start)) {
        const bytes = Buffer.concat([...rest, chunk.subarray(start, at + 1)]);
        byte += bytes.length;
        if (!isBlank(bytes)) found.push(this.#record(bytes, byte, line));
        line += 1;
        start = at + 1;
        rest = [];
        restBytes = 0;
      }
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      yield found;
      if (restBytes > mostRecordBytes) throw this.#tooLong(line);
    }
    const last = Buffer.concat(rest);
    if (!isBlank(last)) yield [this.#record(last, byte + last.length, line)];
  }

  #record(bytes: Buffer, end: number, line: number): FileRecord {
    return new NdjsonRecord(
      { bytes: bytes.length, end, firstLine: line, lastLine: line },
      bytes,
      this.#columns,
    );
  }

  #tooLong(line: number): UsageError {
    return new UsageError(`Line ${line} of ${this.#path} is longer than ${mostRecordBytes} bytes.`, {
      remedy: "Write one JSON object a line.",
    });
  }
}

class NdjsonRecord implements FileRecord {
  readonly span: Span;
  readonly #bytes: Buffer;
  readonly #columns: ReadonlyMap<string, ColumnInput>;

  constructor(span: Span, bytes: Buffer, columns: ReadonlyMap<string, ColumnInput>) {
    this.span = span;
    this.#bytes = bytes;
    this.#columns = columns;
  }

  texts(): readonly (string | null)[] {
    if (!isUtf8(this.#bytes)) throw new RecordError("bytes that are not UTF-8");
    const text = this.#bytes.toString("utf8");
    requireObject(text);
    // Of a name that is there twice the last counts, as in JSON.parse and in jsonb.
    const members = new Map(jsonParts(text).map(({ name, raw }) => [name, raw]));
    return [...this.#columns].map(([name, input]) => input.fromJson(members.get(name)));
  }
}

function requireObject(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message shows a piece of the line.
    throw new RecordError("not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RecordError("not a JSON object");
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === lf || byte === 13 || byte === 32 || byte === 9);
}
