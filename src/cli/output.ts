import { styleText } from "node:util";
import type { TidefillError } from "../errors.ts";

/** Data for programs and people who pipe it: stdout. */
export function printData(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON object on stdout; bigints as texts, since JSON numbers would lose their digits. */
export function printJson(value: unknown): void {
  printData(
    JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each), 2),
  );
}

/** Something for people: stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** An error for people: what happened, and what to type next. */
export function sayError(error: TidefillError): void {
  say(`${emphasise("red", "error")} ${error.message}`);
  if (error.remedy !== undefined) say(`${emphasise("cyan", "→")} ${error.remedy}`);
}

/** Coloured on a terminal; plain with NO_COLOR or in a pipe. */
export function emphasise(style: "bold" | "dim" | "red" | "green" | "cyan" | "yellow", text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/** Rows in aligned columns, the first row being the heading; numbers to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
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
