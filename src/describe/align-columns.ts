import { visible } from "./visible.ts";

/** Rows in aligned columns, the first row being the heading; numbers to the right. */
export function alignColumns(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(visible));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return /^[\d,.]+( ?%| rows\/s)?$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
