import { mostRecordBytes, mostRecordLines, type Position, type Span } from "./file-record.ts";

const lf = 10;
const cr = 13;

/** Bytes or lines that may be held beyond a record: a parser reads ahead before it reports the end. */
const lookAhead = 64;

interface Claimed {
  readonly span: Span;
  readonly bytes: Buffer;
}

/** Keeps the bytes that the parser was given until it reports where a record ends, and counts their lines. */
export class RecordBuffer {
  /** the file's last byte has been read */
  isWhole = false;
  #chunks: Buffer[] = [];
  #at: Position;
  #held = 0;
  /** bytes of a rejected line that were not kept */
  #dropped = 0;
  /** line breaks in the first bytes that are held */
  #breaks = { upTo: 0, count: 0 };

  constructor(from: Position) {
    this.#at = from;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /** How many bytes belong to no record yet. */
  get held(): number {
    return this.#held;
  }

  /** The bytes that belong to no record yet. */
  get rest(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first;
    this.#chunks = [whole];
    return whole;
  }

  /** Whether a record has begun that is longer than allowed. */
  get isTooLong(): boolean {
    if (!this.#exceeds()) return false;
    // Any number of empty lines is allowed.
    this.#skipBlankLines();
    return this.#exceeds();
  }

  /** The record that ends at offset `end`, without empty lines before it. Null when it is too long. */
  claim(end: number): Claimed | null {
    const length = end - this.#at.byte;
    const bytes = this.#first(length);
    const blank = blankLines(bytes);
    const firstLine = this.#at.line + blank.lines;
    const lastLine = firstLine + lineBreaks(bytes, blank.bytes) - (bytes.at(-1) === lf ? 1 : 0);
    const own = bytes.subarray(blank.bytes);
    if (own.length > mostRecordBytes || lastLine - firstLine >= mostRecordLines) return null;
    this.#pass(length, { byte: end, line: lastLine + 1 });
    return { span: { bytes: own.length, end, firstLine, lastLine }, bytes: own };
  }

  /**
   * The next line that is not empty, whatever it contains. Null, and nothing of the line is kept, when its
   * end has not been read yet.
   */
  claimLine(): Claimed | null {
    if (this.#dropped === 0) this.#skipBlankLines();
    const { rest } = this;
    const at = rest.indexOf(lf);
    if (at === -1 && !this.isWhole) {
      this.#dropped += rest.length;
      this.#chunks = [];
      this.#held = 0;
      return null;
    }
    const length = at === -1 ? rest.length : at + 1;
    const { line, byte } = this.#at;
    const bytes = this.#dropped + length;
    const end = byte + bytes;
    this.#dropped = 0;
    this.#pass(length, { byte: end, line: line + 1 });
    return { span: { bytes, end, firstLine: line, lastLine: line }, bytes: rest.subarray(0, length) };
  }

  #exceeds(): boolean {
    if (this.#held > mostRecordBytes + lookAhead) return true;
    let from = 0;
    for (const chunk of this.#chunks) {
      const upTo = from + chunk.length;
      if (upTo > this.#breaks.upTo) {
        const count = lineBreaks(chunk, Math.max(0, this.#breaks.upTo - from));
        this.#breaks = { upTo, count: this.#breaks.count + count };
      }
      from = upTo;
    }
    return this.#breaks.count > mostRecordLines + lookAhead;
  }

  #skipBlankLines(): void {
    const { bytes, lines } = blankLines(this.rest);
    this.#pass(bytes, { byte: this.#at.byte + bytes, line: this.#at.line + lines });
  }

  #first(length: number): Buffer {
    const [first] = this.#chunks;
    return (first === undefined || first.length < length ? this.rest : first).subarray(0, length);
  }

  #pass(length: number, to: Position): void {
    const [first = Buffer.alloc(0)] = this.#chunks;
    this.#chunks[0] = first.subarray(length);
    this.#held -= length;
    this.#at = to;
    this.#breaks = { upTo: 0, count: 0 };
  }
}

function blankLines(bytes: Buffer): { readonly bytes: number; readonly lines: number } {
  let at = 0;
  let lines = 0;
  for (; ; lines += 1) {
    if (bytes[at] === lf) at += 1;
    else if (bytes[at] === cr && bytes[at + 1] === lf) at += 2;
    else return { bytes: at, lines };
  }
}

function lineBreaks(bytes: Buffer, from: number): number {
  let count = 0;
  for (let at = bytes.indexOf(lf, from); at !== -1; at = bytes.indexOf(lf, at + 1)) count += 1;
  return count;
}
