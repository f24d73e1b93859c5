import { inflateRawSync } from "node:zlib";

const endOfDirectory = 0x06054b50;
const lengthOfEnd = 22;
const deflated = 8;

/** One file of a zip archive, found by the archive's directory at its end. */
export function fileInZip(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf(signature(endOfDirectory), zip.length - lengthOfEnd);
  if (end < 0) throw new Error("This is no zip archive: it has no directory.");
  const files = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  for (let file = 0; file < files; file += 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    ) as [number, number, number];
    if (zip.toString("utf8", at + 46, at + 46 + nameLength) === name) return contentOf(zip, at);
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`The zip archive has no file ${name}.`);
}

function contentOf(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const size = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(begin, begin + size);
  return method === deflated ? inflateRawSync(packed) : packed;
}

function signature(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
