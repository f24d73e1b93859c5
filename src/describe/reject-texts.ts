import { rejectKeyWidth, rejectPages } from "../store/rejects/reject-pages.ts";
import type { StoredReject } from "../store/rejects/rejects.ts";
import type { Session } from "../store/session.ts";

type Format = "csv" | "ndjson";

/** The format that the ending of a file's name asks for; null for another one. */
export function rejectFormat(name: string): Format | null {
  const ending = /\.(csv|ndjson)$/.exec(name)?.[1];
  return ending === "csv" || ending === "ndjson" ? ending : null;
}

/** All rejects of a run as the text of a file, page by page, with the number of rejects in each page. */
export async function* rejectTexts(
  { db, store }: Session,
  run: bigint,
  format: Format,
): AsyncGenerator<{ readonly text: string; readonly rejects: number }> {
  const width = format === "csv" ? await rejectKeyWidth(db, store.schema, run) : 0;
  const keys = Array.from({ length: width }, (_, index) => `key_${index + 1}`);
  if (format === "csv")
    yield { text: csvLine([...keys, "sqlstate", "reason", "range", "rejected_at"]), rejects: 0 };
  const line = format === "csv" ? (reject: StoredReject) => csvReject(reject, width) : ndjsonLine;
  for await (const page of rejectPages(db, store.schema, run))
    yield { text: page.map(line).join(""), rejects: page.length };
}

function csvReject({ key, sqlstate, reason, range, rejectedAt }: StoredReject, width: number): string {
  const keys = Array.from({ length: width }, (_, index) => key[index] ?? "");
  return csvLine([...keys, sqlstate ?? "", reason, String(range), rejectedAt]);
}

function ndjsonLine({ key, sqlstate, reason, range, rejectedAt }: StoredReject): string {
  return `${JSON.stringify({ key, sqlstate, reason, range: range.toString(), rejectedAt })}\n`;
}

function csvLine(values: readonly string[]): string {
  return `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\n`;
}
