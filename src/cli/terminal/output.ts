import { styleText } from "node:util";
import { control, escaped } from "../../describe/visible.ts";
import type { TidefillError } from "../../errors.ts";
import { withTypedOptions } from "./typed-options.ts";

/** Data for programs and people who pipe it: stdout. Control characters are made visible. */
export function printData(text: string): void {
  process.stdout.write(`${harmless(withTypedOptions(text))}\n`);
}

/**
 * Draws a text over one that was drawn before, on a terminal; below it elsewhere. Returns how many lines it
 * takes: longer ones are cut, since a wrapped line would count twice.
 */
export function drawAgain(text: string, before: number): number {
  const width = process.stdout.isTTY === true ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const lines = harmless(withTypedOptions(text))
    .split("\n")
    .map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
  const up = before > 0 && process.stdout.isTTY === true ? `\u001b[${before}A\u001b[J` : "";
  process.stdout.write(`${up}${lines.join("\n")}\n`);
  return lines.length;
}

/** A script, byte for byte: another program reads it. */
export function printScript(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What commands on several targets print, by target; null while only one command runs. */
let gathered: Record<string, unknown> | null = null;
let gathering = "";

/** From here on JSON is of this target, and is printed as one object at the end. */
export function gatherJson(target: string): void {
  gathered ??= {};
  gathering = target;
}

/** Prints what was gathered, where there is any. */
export function printGathered(): void {
  const targets = gathered ?? {};
  gathered = null;
  if (Object.keys(targets).length > 0) printJson({ targets });
}

/** One JSON object on stdout; bigints as texts, since JSON numbers would lose their digits. */
export function printJson(value: unknown): void {
  if (gathered !== null) {
    gathered[gathering] = value;
    return;
  }
  printScript(
    JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each), 2),
  );
}

/** Something for people: stderr. */
export function say(text: string): void {
  process.stderr.write(`${harmless(withTypedOptions(text), ownStyle)}\n`);
}

let saidLast: string | null = null;

/** The same, unless the command has said it before. */
export function sayOnce(text: string): void {
  if (text !== saidLast) say(text);
  saidLast = text;
}

/** Begins a command: a process may run several, one after the other. */
export function forgetSaid(): void {
  saidLast = null;
}

const ownStyle = new RegExp(`${String.fromCharCode(0x1b)}\\[\\d{1,2}m`, "y");

/** A text of several lines without control characters, which are made visible; what `spared` matches stays. */
function harmless(text: string, spared?: RegExp): string {
  return text.replaceAll(control, (character, index: number) => {
    if (character === "\n" || character === "\t") return character;
    if (spared === undefined) return escaped(character);
    spared.lastIndex = index;
    return spared.test(text) ? character : escaped(character);
  });
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
