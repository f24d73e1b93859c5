import { openFile } from "../../source/file/opened-file.ts";
import { InlineRows } from "../../source/inline/inline-rows.ts";
import { openInline } from "../../source/inline/opened-inline.ts";
import type { ReadableSource } from "../../source/readable-source.ts";
import type { TableRows } from "../../source/table/table-rows.ts";
import type { AnySource } from "./resolve-job.ts";

/** A source outside of the database. */
export interface OpenedOutside extends ReadableSource {
  /** hash of its content: a changed file is another source */
  readonly fingerprint: string;
  /** about how many rows it has */
  estimate(): number;
}

/** Opens a file or inline rows. @throws UsageError when the file cannot be read */
export async function openOutside(source: Exclude<AnySource, TableRows<unknown>>): Promise<OpenedOutside> {
  return source instanceof InlineRows ? openInline(source) : openFile(source);
}
