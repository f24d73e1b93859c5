import { open, rm } from "node:fs/promises";
import { rejectFormat, rejectTexts } from "../../describe/reject-texts.ts";
import { UsageError } from "../../errors.ts";
import type { Session } from "../../store/session.ts";

/**
 * Writes all rejects of a run to a new file, as CSV or NDJSON by its name's ending; answers how many.
 * @throws UsageError
 */
export async function exportRejects(session: Session, run: bigint, path: string): Promise<number> {
  const format = formatOf(path);
  // Keys may name persons, so only the file's owner may read it.
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw cannotWrite(path, cause);
  });
  let count = 0;
  try {
    for await (const { text, rejects } of rejectTexts(session, run, format)) {
      await file.writeFile(text);
      count += rejects;
    }
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    // Half of the rejects would look like all of them.
    await rm(path, { force: true });
    throw error;
  }
  return count;
}

function formatOf(path: string): "csv" | "ndjson" {
  const format = rejectFormat(path);
  if (format !== null) return format;
  throw new UsageError(`The ending of ${path} does not say which format to write.`, {
    remedy: "End it in .csv or .ndjson.",
  });
}

function cannotWrite(path: string, cause: unknown): UsageError {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  const isThere = code === "EEXIST";
  return new UsageError(
    isThere ? `${path} already exists. Nothing was written.` : `${path} cannot be written (${code}).`,
    {
      cause,
      ...(isThere ? { remedy: "Name another file, or remove this one." } : {}),
    },
  );
}
