import { fillTemplate, type Holes } from "./fill-template.ts";
import { listed, nameList } from "./source-text.ts";
import type { DescribedTable } from "./tables-file.ts";

/** The texts of a job's file and of its test. */
export interface JobFiles {
  readonly job: string;
  readonly test: string;
}

/** What a job imports from the file of its tables. */
export function namesOf(...tables: readonly DescribedTable[]): string {
  const names = [...new Set(tables.map(({ exportName }) => exportName))].sort();
  return listed(["{", "}"], names, 26);
}

/** Adds the function `todo`, which a job calls where only its author knows what a column gets. */
export function withTodo(job: string, text: string): string {
  return text.includes("todo(") ? text + fillTemplate("todo.ts", { job }) : text;
}

/** The options of an insert that leaves an existing row as it is; nothing where no key finds such a row. */
export function conflictText(key: readonly string[] | null): string {
  return key === null ? "" : `, {\n  ${onConflictText(key)},\n}`;
}

/** The option by which an insert leaves an existing row as it is. */
export function onConflictText(key: readonly string[]): string {
  const target = nameList(key, 20).replaceAll("\n", "\n  ");
  return `onConflict: { target: ${target}, do: "nothing" }`;
}

/**
 * The options of the test that kills the job: columns that PostgreSQL fills differently each time are
 * ignored.
 */
export function killOptions(differing: readonly string[]): string {
  const ignored = differing.length === 0 ? [] : [`ignore: ${nameList(differing, 50)}`];
  return listed(["{", "}"], ["database", ...ignored], 38);
}

/** What marks a test as still to be written, where only the author knows what the job's rows get. */
export function openHoles(isOpen: boolean): Holes {
  return { isOpen, todo: isOpen ? "{ todo }, " : "" };
}
