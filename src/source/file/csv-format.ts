import { isUtf8 } from "node:buffer";
import { UsageError } from "../../errors.ts";
import { ColumnInput } from "../columns/column-input.ts";
import type { CsvFile } from "./csv-file.ts";
import { type CsvRecord, csvRecords } from "./csv-records.ts";
import { type FileFormat, type FileRecord, type Position, RecordError, type Span } from "./file-record.ts";
import { quotedFields } from "./quoted-fields.ts";

/** One reason for all: which error is met first depends on how far the file was read ahead. */
const hiddenEnd = "broken quoting: the end of the record that begins here is unknown";

/** The fields of a CSV file as the declared columns. */
export class CsvFormat implements FileFormat {
  readonly #definition: CsvFile<unknown>;
  readonly #columns: readonly CsvColumn[];
  readonly #fields: number;

  /** `header` holds the names of all fields; null when the file has none. */
  constructor(definition: CsvFile<unknown>, header: readonly string[] | null) {
    const { columns, null: nullText } = definition;
    const names = header ?? Object.keys(columns);
    this.#definition = definition;
    this.#fields = names.length;
    this.#columns = Object.entries(columns).map(
      ([name, type]) => new CsvColumn(name, type, names.indexOf(name), nullText),
    );
  }

  async *records(chunks: AsyncIterable<Buffer>, from: Position): AsyncGenerator<readonly FileRecord[]> {
    const delimiter = Buffer.from(this.#definition.delimiter);
    for await (const records of csvRecords(chunks, from, this.#definition.delimiter)) {
      yield records.map((record) => new CsvFileRecord(record, this.#columns, this.#fields, delimiter));
    }
  }
}

class CsvFileRecord implements FileRecord {
  readonly #record: CsvRecord;
  readonly #columns: readonly CsvColumn[];
  readonly #count: number;
  readonly #delimiter: Buffer;
  #quoted: readonly boolean[] | null = null;

  constructor(record: CsvRecord, columns: readonly CsvColumn[], count: number, delimiter: Buffer) {
    this.#record = record;
    this.#columns = columns;
    this.#count = count;
    this.#delimiter = delimiter;
  }

  get span(): Span {
    return this.#record.span;
  }

  texts(): readonly (string | null)[] {
    const { fields } = this.#record;
    if (fields === null) throw new RecordError(hiddenEnd);
    const { length } = fields;
    if (length !== this.#count) {
      throw new RecordError(
        `${length} ${length === 1 ? "field" : "fields"} where ${this.#count} are expected`,
      );
    }
    return this.#columns.map((column) => column.text(this));
  }

  field(at: number): string {
    return this.#record.fields?.[at] ?? "";
  }

  isQuoted(at: number): boolean {
    this.#quoted ??= quotedFields(this.#record.bytes, this.#delimiter);
    return this.#quoted[at] === true;
  }
}

class CsvColumn {
  readonly #name: string;
  readonly #at: number;
  /** in latin1 like the fields; null where no text means null */
  readonly #null: string | null;
  readonly #input: ColumnInput;

  constructor(name: string, type: string, at: number, nullText: string) {
    this.#name = name;
    this.#at = at;
    // An empty field of a column that cannot be null is an empty text.
    const isText = nullText === "" && !type.endsWith("?");
    this.#null = isText ? null : Buffer.from(nullText).toString("latin1");
    this.#input = new ColumnInput(name, type);
  }

  text(record: CsvFileRecord): string | null {
    const field = record.field(this.#at);
    if (field === this.#null && !record.isQuoted(this.#at)) return this.#input.null();
    return this.#input.fromText(this.#decode(field));
  }

  #decode(field: string): string {
    const text = utf8Of(field);
    if (text === null) throw new RecordError(`column ${this.#name}: bytes that are not UTF-8`);
    return text;
  }
}

/**
 * The names in a file's first record. @throws UsageError when the record has no end, or a declared column is
 * missing or there twice
 */
export function headerNames(definition: CsvFile<unknown>, { fields }: CsvRecord): readonly string[] {
  const { path, columns } = definition;
  if (fields === null) {
    throw new UsageError(`The header of ${path} has broken quoting, so its end is unknown.`, {
      remedy: 'Put the whole name in quotes and double each quote inside it: "a ""b"" c".',
    });
  }
  const names = fields.map((field) => utf8Of(field));
  // Never shown: the first record of a file without a header may be confidential.
  if (names.includes(null)) {
    throw new UsageError(`The header of ${path} is not UTF-8.`, { remedy: "Save the file as UTF-8." });
  }
  for (const column of Object.keys(columns)) {
    const times = names.filter((name) => name === column).length;
    if (times === 1) continue;
    throw new UsageError(
      `The header of ${path} ${times === 0 ? "lacks the column" : `has ${times} times the column`} ${column}.`,
      {
        remedy:
          "Its first record must name each declared column once, letter for letter. Check the delimiter, or write `header: false` if the first record is data.",
      },
    );
  }
  return names.map((name) => name ?? "");
}

/** The text whose UTF-8 bytes are the characters of `latin1`; null when they are not UTF-8. */
function utf8Of(latin1: string): string | null {
  if (/^[\0-\x7f]*$/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : null;
}
