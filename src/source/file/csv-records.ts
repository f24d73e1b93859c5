import { Parser } from "csv-parse";
import type { Position, Span } from "./file-record.ts";
import { RecordBuffer } from "./record-buffer.ts";

/** A record with its fields as bytes in latin1: whether they are UTF-8 is not known yet. */
export interface CsvRecord {
  readonly span: Span;
  /** null for a line that is rejected, since its quotes hide where its record ends */
  readonly fields: readonly string[] | null;
  /** as it stands in the file, quotes and all */
  readonly bytes: Buffer;
}

/** What was read ahead for a quote that nothing closes is parsed only by those who still want it. */
const readAheadBytes = 1_048_576;

/**
 * Cuts CSV into records. Where broken quoting hides the end of one, the line on which it begins is rejected and the next
 * record begins on the next line: how a file is cut depends on where a record begins, never on what was read before it.
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

/** csv-parse at work on a range of a file: its byte counts cut the records, our own count of the bytes tells their lines. */
class CsvCutter {
  readonly #delimiter: Buffer;
  readonly #passed: RecordBuffer;
  #parser: Parser;
  #records: CsvRecord[] = [];
  /** in the middle of a line that is rejected, and so long that it is not kept */
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

  /** The last records: no more will come. */
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

  /** Sets aside the line on which the record begins whose end is hidden, as soon as its own end is there. */
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

  /** Answers whether the end of a record is hidden; so does the end. */
  async #parse(bytes: Buffer): Promise<boolean> {
    return (await this.#answer((done) => this.#parser.write(bytes, done))) || this.#passed.isTooLong;
  }

  #end(): Promise<boolean> {
    return this.#answer((done) => this.#parser.end(done));
  }

  #begin(start: number): Parser {
    const parser = new Parser({
      bom: false,
      // One character a byte, so that bad UTF-8 spoils its own record only.
      encoding: "latin1",
      delimiter: this.#delimiter,
      // Never discovered: in the middle of a file it could be found to be another.
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: readonly string[], { bytes }) => {
        const record = this.#passed.claim(start + bytes);
        // Wherever the file was read from: a record that is too long does not become one because its end came in the same read.
        if (record === null) throw new Error("too long");
        this.#records.push({ ...record, fields });
        return null;
      },
    });
    // Every write has its own answer; without a listener the event would end the process.
    parser.on("error", () => {});
    // Nothing comes out here, but the end is only reached by reading.
    parser.resume();
    return parser;
  }

  // The parser's own message shows the field, and is not kept.
  #answer(work: (done: (error?: Error | null) => void) => void): Promise<boolean> {
    return new Promise((resolve) => work((error) => resolve(error != null)));
  }
}
