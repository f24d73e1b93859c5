import { InlineRows } from "../source/inline-rows.ts";
import { openFile } from "../source/opened-file.ts";
import { openInline } from "../source/opened-inline.ts";
import type { ReadableSource } from "../source/readable.ts";
import type { TableRows } from "../source/table-rows.ts";
import type { AnySource } from "./take-apart.ts";

/** A source outside of the database. */
export interface OpenedOutside extends ReadableSource {
  /** hash of its content: a changed file is another source */
  readonly fingerprint: string;
  /** about how many rows it has */
  estimate(): number;
}

/** Opens a file or rows that a job brings along. @throws UsageError when the file cannot be read */
export async function openOutside(source: Exclude<AnySource, TableRows<unknown>>): Promise<OpenedOutside> {
  return source instanceof InlineRows ? openInline(source) : openFile(source);
}
