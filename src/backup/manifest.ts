import { createHash } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError, UsageError } from "../errors.ts";
import type { Bounds } from "../postgres/catalog/key.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { BackupKind } from "./what-to-keep.ts";

/** A column as it was when it was backed up. */
export interface ManifestColumn {
  readonly name: string;
  /** as people write it: `character varying(20)` */
  readonly type: string;
  /** the type under any domains */
  readonly baseType: string;
}

/** One file of a backup: the rows of one range of keys, as one snapshot saw them. */
export interface ManifestPart {
  readonly file: string;
  readonly rows: number;
  /** of the compressed file */
  readonly bytes: number;
  /** of the compressed file, in hex */
  readonly sha256: string;
  /** what the database computed over the rows */
  readonly checksum: string;
  readonly bounds: Bounds;
}

/** What a backup holds; written last, so that a directory without one is not a backup. */
export interface Manifest {
  readonly format: number;
  readonly tidefill: string;
  readonly job: string;
  /** values of a job about persons are left out */
  readonly parameters: unknown;
  readonly personalData: boolean;
  readonly kind: BackupKind;
  readonly schema: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly ManifestColumn[];
  readonly rows: number;
  readonly bytes: number;
  readonly server: ServerFacts;
  /** ISO 8601 in UTC, by the database's clock */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly parts: readonly ManifestPart[];
}

export const manifestFormat = 1;
const fileName = "manifest.json";

/** Writes the manifest whole or not at all, even when the machine stops. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify({ ...manifest, digest: digestOf(manifest) }, null, 2)}\n`;
  const path = join(directory, fileName);
  const file = await open(`${path}.new`, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(directory);
}

/** @throws UsageError when there is none, RefusedError when it was changed */
export async function readManifest(directory: string): Promise<Manifest> {
  const text = await readFile(join(directory, fileName), "utf8").catch((cause: unknown) => {
    throw new UsageError(`${directory} holds no backup: it has no readable ${fileName}.`, {
      cause,
      remedy: "Name the directory of a finished backup; the manifest is written last.",
    });
  });
  const { digest, ...manifest } = parse(directory, text);
  if (manifest.format !== manifestFormat) {
    throw new RefusedError(
      "backup-is-intact",
      `The backup in ${directory} has a format that this tidefill does not know (it knows ${manifestFormat}).`,
      "Use the tidefill that wrote it, or a newer one.",
    );
  }
  if (digest !== digestOf(manifest)) throw damaged(directory);
  return manifest;
}

function parse(directory: string, text: string): Manifest & { readonly digest?: unknown } {
  try {
    return { ...(JSON.parse(text) as Manifest & { readonly digest?: unknown }) };
  } catch {
    throw damaged(directory);
  }
}

function damaged(directory: string): RefusedError {
  return new RefusedError(
    "backup-is-intact",
    `The manifest in ${directory} is not as tidefill wrote it. Nothing was restored.`,
    "Use another copy of the backup.",
  );
}

function digestOf(manifest: Manifest): string {
  return createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
}

// Some file systems cannot sync a directory; there the rename is as durable as they make it.
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r").catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => {});
  await handle.close();
}
