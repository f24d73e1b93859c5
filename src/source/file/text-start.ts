import { UsageError } from "../../errors.ts";
import type { CsvFile } from "./csv-file.ts";
import { CsvFormat, headerNames } from "./csv-format.ts";
import { type CsvRecord, csvRecords } from "./csv-records.ts";
import type { FileFormat, Position } from "./file-record.ts";
import type { HashedFile } from "./hashed-file.ts";

/** Where the text begins: after a byte order mark. */
export async function textStart(file: HashedFile): Promise<Position> {
  for await (const chunk of file.chunks(0)) {
    const mark = chunk.subarray(0, 3).toString("hex");
    if (/^(fffe|feff)/.test(mark)) {
      throw new UsageError(`The file ${file.path} is UTF-16.`, { remedy: "Save it as UTF-8." });
    }
    return { byte: mark === "efbbbf" ? 3 : 0, line: 1 };
  }
  return { byte: 0, line: 1 };
}

/** Reads the header of a CSV file, if it has one; its records begin at `start`. */
export async function csvStart(
  definition: CsvFile<unknown>,
  file: HashedFile,
  begin: Position,
): Promise<{ readonly format: FileFormat; readonly start: Position }> {
  const { delimiter } = definition;
  if (!definition.header) return { format: new CsvFormat(definition, null), start: begin };
  const header = await firstRecord(csvRecords(file.chunks(begin.byte), begin, delimiter));
  // An empty file has no rows that could be wrong.
  if (header === null) return { format: new CsvFormat(definition, null), start: begin };
  return {
    format: new CsvFormat(definition, headerNames(definition, header)),
    start: { byte: header.span.end, line: header.span.lastLine + 1 },
  };
}

async function firstRecord(found: AsyncIterable<readonly CsvRecord[]>): Promise<CsvRecord | null> {
  for await (const [record] of found) if (record !== undefined) return record;
  return null;
}
