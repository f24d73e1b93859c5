import type { Position, Span } from "./file-record.ts";

const lf = 10;
const cr = 13;

/** Keeps the bytes that a parser was given until it says where a record ends, and counts their lines. */
export class PassedBytes {
  #chunks: Buffer[] = [];
  #at: Position;
  #held = 0;

  constructor(from: Position) {
    this.#at = from;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /** Bytes that belong to no record yet. */
  get held(): number {
    return this.#held;
  }

  /** The line on which the next record begins, as far as it is here. */
  get nextLine(): number {
    return this.#at.line + blankLines(Buffer.concat(this.#chunks)).lines;
  }

  /** The record that ends at offset `end`; empty lines before it are passed over. */
  claim(end: number): { readonly span: Span; readonly bytes: Buffer } {
    const bytes = this.#take(end - this.#at.byte);
    const blank = blankLines(bytes);
    const firstLine = this.#at.line + blank.lines;
    const lastLine = firstLine + lineBreaks(bytes, blank.bytes) - (bytes.at(-1) === lf ? 1 : 0);
    this.#at = { byte: end, line: lastLine + 1 };
    const own = bytes.subarray(blank.bytes);
    return { span: { bytes: own.length, end, firstLine, lastLine }, bytes: own };
  }

  #take(length: number): Buffer {
    const [first] = this.#chunks;
    if (first === undefined || first.length < length) this.#chunks = [Buffer.concat(this.#chunks)];
    const [whole = Buffer.alloc(0)] = this.#chunks;
    this.#chunks[0] = whole.subarray(length);
    this.#held -= length;
    return whole.subarray(0, length);
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
