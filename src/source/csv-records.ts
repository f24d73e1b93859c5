import { Parser } from "csv-parse";
import { UsageError } from "../errors.ts";
import { mostRecordBytes, type Position, type Span } from "./file-record.ts";
import { PassedBytes } from "./passed-bytes.ts";

/** How a CSV file is written. */
export interface CsvDialect {
  /** how messages call the file */
  readonly path: string;
  readonly delimiter: string;
}

/** A record with its fields as bytes in latin1: whether they are UTF-8 is not known yet. */
export interface CsvRecord {
  readonly span: Span;
  readonly fields: readonly string[];
  /** as it stands in the file, quotes and all */
  readonly bytes: Buffer;
}

/** Cuts CSV into records. @throws UsageError where broken quoting hides their ends */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  from: Position,
  dialect: CsvDialect,
): AsyncGenerator<readonly CsvRecord[]> {
  const cutter = new CsvCutter(from, dialect);
  try {
    for await (const chunk of chunks) {
      const problem = await cutter.write(chunk);
      // The good ones before a broken one are good all the same.
      yield cutter.take();
      if (problem !== null) throw problem;
    }
    const problem = await cutter.end();
    yield cutter.take();
    if (problem !== null) throw problem;
  } finally {
    cutter.close();
  }
}

/** csv-parse at work on a stretch of a file: its byte counts cut the records, our own count of the bytes tells their lines. */
class CsvCutter {
  readonly #parser: Parser;
  readonly #passed: PassedBytes;
  readonly #path: string;
  #records: CsvRecord[] = [];

  constructor(from: Position, { path, delimiter }: CsvDialect) {
    this.#path = path;
    this.#passed = new PassedBytes(from);
    this.#parser = new Parser({
      bom: false,
      // One character a byte, so that bad UTF-8 spoils its own record only.
      encoding: "latin1",
      delimiter: Buffer.from(delimiter),
      // Never discovered: in the middle of a file it could be found to be another.
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: readonly string[], { bytes }) => {
        this.#records.push({ ...this.#passed.claim(from.byte + bytes), fields });
        return null;
      },
    });
    // Every write has its own answer; without a listener the event would end the process.
    this.#parser.on("error", () => {});
    // Nothing comes out here, but the end is only reached by reading.
    this.#parser.resume();
  }

  async write(chunk: Buffer): Promise<UsageError | null> {
    this.#passed.add(chunk);
    const problem = await this.#answer((done) => this.#parser.write(chunk, done));
    return problem ?? (this.#passed.held > mostRecordBytes ? this.#tooLong() : null);
  }

  end(): Promise<UsageError | null> {
    return this.#answer((done) => this.#parser.end(done));
  }

  /** The records found since the last call. */
  take(): readonly CsvRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  close(): void {
    this.#parser.destroy();
  }

  #answer(work: (done: (error?: Error | null) => void) => void): Promise<UsageError | null> {
    return new Promise((resolve) => {
      // The parser's own message shows the field.
      work((error) => resolve(error == null ? null : this.#broken()));
    });
  }

  #broken(): UsageError {
    return new UsageError(
      `The quoting of ${this.#path} is broken in the record that begins on line ${this.#passed.nextLine}, so that its end cannot be told.`,
      {
        remedy: 'Put the whole field into quotes and write each quote inside it twice: "a ""b"" c".',
      },
    );
  }

  #tooLong(): UsageError {
    return new UsageError(
      `The record of ${this.#path} that begins on line ${this.#passed.nextLine} is longer than ${mostRecordBytes} bytes.`,
      { remedy: "Look for a quote that is opened on that line and never closed." },
    );
  }
}
