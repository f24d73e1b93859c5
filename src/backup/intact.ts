import { join } from "node:path";
import type { Manifest } from "./manifest.ts";
import { readPart } from "./part-file.ts";

/** The files of a backup that are missing or not as they were written. */
export async function damagedParts(directory: string, { parts }: Manifest): Promise<string[]> {
  const damaged: string[] = [];
  for (const { file, bytes, sha256 } of parts) {
    const found = /^part-\d+\.copy\.gz$/.test(file) ? await readPart(join(directory, file)) : null;
    if (found?.sha256 !== sha256 || found.bytes !== bytes) damaged.push(file);
  }
  return damaged;
}
