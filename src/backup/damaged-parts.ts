import { join } from "node:path";
import { RefusedError, UsageError } from "../errors.ts";
import { type Manifest, readManifest } from "./manifest.ts";
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

/**
 * Why the job's backup that began at `startedAt` cannot be restored from this directory; null when it can.
 */
export async function whyUnusable(directory: string, job: string, startedAt: string): Promise<string | null> {
  try {
    const manifest = await readManifest(directory);
    if (manifest.job !== job || manifest.startedAt !== startedAt) return "the directory holds another backup";
    const damaged = await damagedParts(directory, manifest);
    return damaged.length === 0 ? null : `${damaged.slice(0, 5).join(", ")} missing or changed`;
  } catch (error) {
    if (error instanceof UsageError) return "it is not there, or its manifest is missing";
    if (error instanceof RefusedError) return "its manifest was changed";
    throw error;
  }
}
