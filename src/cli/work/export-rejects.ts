import { open, rm } from "node:fs/promises";
import { UsageError } from "../../errors.ts";
import { rejectKeyWidth, rejectPages } from "../../store/rejects/reject-pages.ts";
import type { StoredReject } from "../../store/rejects/rejects.ts";
import type { Session } from "../../store/session.ts";

interface Format {
  readonly heading: string;
  line(reject: StoredReject): string;
}

/**
 * Writes all rejects of a run to a new file, as CSV or NDJSON by its name's ending; answers how many.
 * @throws UsageError
 */
export async function exportRejects({ db, store }: Session, run: bigint, path: string): Promise<number> {
  const format = formatOf(path, await rejectKeyWidth(db, store.schema, run));
  // Keys may name persons, so only the file's owner may read it.
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw cannotWrite(path, cause);
  });
  let count = 0;
  try {
    await file.writeFile(format.heading);
    for await (const page of rejectPages(db, store.schema, run)) {
      await file.writeFile(page.map((reject) => format.line(reject)).join(""));
      count += page.length;
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

function formatOf(path: string, keyWidth: number): Format {
  if (path.endsWith(".ndjson")) return { heading: "", line: ndjsonLine };
  if (path.endsWith(".csv")) {
    const keys = Array.from({ length: keyWidth }, (_, index) => `key_${index + 1}`);
    return {
      heading: csvLine([...keys, "sqlstate", "reason", "range", "rejected_at"]),
      line: ({ key, sqlstate, reason, range, rejectedAt }) =>
        csvLine([
          ...keys.map((_, index) => key[index] ?? ""),
          sqlstate ?? "",
          reason,
          String(range),
          rejectedAt,
        ]),
    };
  }
  throw new UsageError(`The ending of ${path} does not say which format to write.`, {
    remedy: "End it in .csv or .ndjson.",
  });
}

function ndjsonLine({ key, sqlstate, reason, range, rejectedAt }: StoredReject): string {
  return `${JSON.stringify({ key, sqlstate, reason, range: range.toString(), rejectedAt })}\n`;
}

function csvLine(values: readonly string[]): string {
  return `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\n`;
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
