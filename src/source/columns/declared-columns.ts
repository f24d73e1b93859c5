import { UsageError } from "../../errors.ts";
import { ColumnCodec } from "../../job/columns/column-codec.ts";
import type { Columns } from "../../job/columns/table.ts";
import type { ReadColumn } from "../readable-source.ts";

/** Checks the columns that a source without a catalogue declares; `source` is its name in messages. */
export function declareColumns<C extends Columns>(columns: C, source: string): C {
  if (typeof columns !== "object" || columns === null || Object.keys(columns).length === 0) {
    throw new UsageError(`${source} declares no columns.`, {
      remedy: 'Name them with their types: { columns: { name: "text", weight: "integer?" } }.',
    });
  }
  for (const [name, type] of Object.entries(columns)) new ColumnCodec(name, type);
  return Object.freeze({ ...columns });
}

/** The places of the declared columns in a `TextRow`, after a key of `keyWidth` values. */
export function readColumns(columns: Columns, keyWidth: number): readonly ReadColumn[] {
  return Object.entries(columns).map(([name, type], index) => ({
    name,
    at: keyWidth + index,
    codec: new ColumnCodec(name, type),
  }));
}

/** Refuses what cannot be a path. */
export function requirePath(path: unknown, maker: string): void {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new UsageError(`${maker} needs the path of a file.`, {
      remedy: `Write ${maker}("data/people.${maker === "csvFile" ? "csv" : "ndjson"}", { columns: { … } }).`,
    });
  }
}
