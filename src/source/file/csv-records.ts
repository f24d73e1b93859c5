import { Parser } from "csv-parse";
import type { Position, Span } from "./file-record.ts";
import { RecordBuffer } from "./record-buffer.ts";

/** A record with its fields as bytes in latin1: whether they are UTF-8 is checked later. */
export interface CsvRecord {
  readonly span: Span;
  /** null for a rejected line: broken quoting hides the end of its record */
  readonly fields: readonly string[] | null;
  /** the record as it is in the file, including quotes */
  readonly bytes: Buffer;
}

/** After reading so far ahead for an unclosed quote, yields what it has: the consumer can stop there. */
const readAheadBytes = 1_048_576;

/**
 * Cuts CSV into records. Where broken quoting hides the end of a record, the line on which it begins is
 * rejected, and the next record begins on the next line. So the cut depends only on where a record begins,
 * not on what was read before.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  from: Position,
  delimiter: string,
): AsyncGenerator<readonly CsvRecord[]> {
  const cutter = new CsvCutter(from, delimiter);
  try {
    for await (const chunk of chunks) yield* cutter.write(chunk);
    yield* cutter.end();
  } finally {
    cutter.close();
  }
}

/** csv-parse at work on a range of a file: its byte counts cut the records, our byte count gives lines. */
class CsvCutter {
  readonly #delimiter: Buffer;
  readonly #passed: RecordBuffer;
  #parser: Parser;
  #records: CsvRecord[] = [];
  /** in the middle of a rejected line that is too long to be kept */
  #isInLine = false;

  constructor(from: Position, delimiter: string) {
    this.#delimiter = Buffer.from(delimiter);
    this.#passed = new RecordBuffer(from);
    this.#parser = this.#begin(from.byte);
  }

  /** The records that end in `chunk`. */
  async *write(chunk: Buffer): AsyncGenerator<readonly CsvRecord[]> {
    this.#passed.add(chunk);
    yield* this.#cut(this.#isInLine || (await this.#parse(chunk)));
  }

  /** The last records, at the end of the file. */
  async *end(): AsyncGenerator<readonly CsvRecord[]> {
    this.#passed.isWhole = true;
    yield* this.#cut(this.#isInLine || (await this.#end()));
  }

  async *#cut(isHidden: boolean): AsyncGenerator<readonly CsvRecord[]> {
    for (let hidden = isHidden; hidden; hidden = await this.#goOn()) {
      this.#setLineAside();
      if (this.#passed.held > readAheadBytes) yield this.#take();
    }
    yield this.#take();
  }

  /** Rejects the line on which the record with the hidden end begins, once the line's own end was read. */
  #setLineAside(): void {
    const line = this.#passed.claimLine();
    this.#isInLine = line === null;
    if (line === null) return;
    this.#records.push({ ...line, fields: null });
    this.close();
    this.#parser = this.#begin(line.span.end);
  }

  async #goOn(): Promise<boolean> {
    if (this.#isInLine) return false;
    return (await this.#parse(this.#passed.rest)) || (this.#passed.isWhole && (await this.#end()));
  }

  #take(): readonly CsvRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  close(): void {
    this.#parser.destroy();
  }

  /** Returns whether the end of a record is hidden; so does `#end`. */
  async #parse(bytes: Buffer): Promise<boolean> {
    return (await this.#answer((done) => this.#parser.write(bytes, done))) || this.#passed.isTooLong;
  }

  #end(): Promise<boolean> {
    return this.#answer((done) => this.#parser.end(done));
  }

  #begin(start: number): Parser {
    const parser = new Parser({
      bom: false,
      // One character for each byte, so that bad UTF-8 spoils only its own record.
      encoding: "latin1",
      delimiter: this.#delimiter,
      // Given rather than discovered: in the middle of a file csv-parse could discover another one.
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: readonly string[], { bytes }) => {
        const record = this.#passed.claim(start + bytes);
        // A record that is too long stays one, wherever the file was read from and even if its end came in
        // the same read.
        if (record === null) throw new Error("too long");
        this.#records.push({ ...record, fields });
        return null;
      },
    });
    // Each write reports its own error; without a listener the event would end the process.
    parser.on("error", () => {});
    // No data comes out of the stream, but it only ends when it is read.
    parser.resume();
    return parser;
  }

  // The parser's own message shows the field, so it is not kept.
  #answer(work: (done: (error?: Error | null) => void) => void): Promise<boolean> {
    return new Promise((resolve) => work((error) => resolve(error != null)));
  }
}
