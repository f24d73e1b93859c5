import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";

/** A file as it lies on the disk. */
export interface PartFile {
  readonly bytes: number;
  /** in hex */
  readonly sha256: string;
}

// The network and the database are slower than this; higher levels would be slower than both.
const compressionLevel = 4;

export function partFileName(number: number): string {
  return `part-${String(number).padStart(6, "0")}.copy.gz`;
}

/** Compresses what a COPY sends into a file that only its owner may read; resolves when it is on the disk. */
export async function writePart(
  path: string,
  rows: Readable,
): Promise<PartFile & { readonly rawBytes: number }> {
  const raw = new Passed();
  const packed = new Passed();
  await pipeline(
    rows,
    (chunks: AsyncIterable<Buffer>) => raw.pass(chunks),
    createGzip({ level: compressionLevel }),
    (chunks: AsyncIterable<Buffer>) => packed.pass(chunks),
    createWriteStream(path, { mode: 0o600, flush: true }),
  );
  return { ...packed.asFile(), rawBytes: raw.bytes };
}

/** A file as it is now; null when it cannot be read. */
export async function readPart(path: string): Promise<PartFile | null> {
  const file = new Passed();
  try {
    for await (const _ of file.pass(createReadStream(path))) {
      // Only counted.
    }
  } catch {
    return null;
  }
  return file.asFile();
}

/** Unpacks a file into what a COPY reads. */
export async function unpackPart(path: string, into: Writable): Promise<void> {
  await pipeline(createReadStream(path), createGunzip(), into);
}

/** Counts and hashes the bytes that pass. */
class Passed {
  bytes = 0;
  readonly #hash = createHash("sha256");

  async *pass(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  asFile(): PartFile {
    return { bytes: this.bytes, sha256: this.#hash.digest("hex") };
  }
}
