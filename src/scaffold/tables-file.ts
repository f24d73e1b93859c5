import { UsageError } from "../errors.ts";
import { isTable, type Table } from "../job/columns/table.ts";
import { columnText, describeTable, descriptionText } from "./describe-table.ts";
import { requireKey } from "./find-key.ts";
import { identifierFor } from "./identifier.ts";
import type { TableFacts } from "./table-facts.ts";

/** A table as the job that is being written knows it. */
export interface DescribedTable {
  readonly exportName: string;
  readonly table: Table;
  readonly facts: TableFacts;
}

/** `jobs/tables.ts`: its text stays as it is, and descriptions are added at its end. */
export class TablesFile {
  readonly #path: string;
  readonly #exported: Readonly<Record<string, unknown>>;
  #text: string;
  readonly #added: string[] = [];

  /**
   * `text` is the file's text, `exported` what it exports; an empty text for a file that does not exist yet.
   */
  constructor(path: string, text: string, exported: Readonly<Record<string, unknown>>) {
    this.#path = path;
    this.#text = text;
    this.#exported = exported;
  }

  get text(): string {
    return this.#text;
  }

  /** the exports that were added */
  get added(): readonly string[] {
    return this.#added;
  }

  /** The tables that are described, by the names of their exports. */
  get described(): readonly (readonly [string, Table])[] {
    return Object.entries(this.#exported).filter((entry): entry is [string, Table] => isTable(entry[1]));
  }

  /**
   * A description of the table that has all of these columns: an existing one, else a new one.
   * @throws RefusedError when it needs a key and has none, UsageError when the existing one lacks something
   */
  describe(
    facts: TableFacts,
    needs: { readonly key: boolean; readonly columns: readonly string[] },
  ): DescribedTable {
    if (needs.key) requireKey(facts);
    const described = this.described.filter(([, table]) => isOf(table, facts));
    const [first] = described;
    if (first === undefined) return this.#add(facts);
    const lacks = ([, { columns }]: readonly [string, Table]) =>
      needs.columns.filter((name) => !Object.hasOwn(columns, name));
    const [exportName, table] = described.find((each) => lacks(each).length === 0) ?? first;
    const missing = lacks([exportName, table]);
    if (missing.length > 0)
      throw this.#incomplete(
        exportName,
        `does not have ${missing.join(", ")} among its columns`,
        `Add to it ${missing.map((name) => columnText(facts, name)).join(", ")}`,
      );
    if (needs.key && table.key.length === 0)
      throw this.#incomplete(exportName, "has no key", `Add key: ${JSON.stringify(requireKey(facts))}`);
    return { exportName, table, facts };
  }

  #incomplete(exportName: string, what: string, remedy: string): UsageError {
    return new UsageError(`${exportName} in ${this.#path} describes the table, but ${what}.`, {
      remedy: `${remedy}. tidefill does not change what you have in that file.`,
    });
  }

  #add(facts: TableFacts): DescribedTable {
    const exportName = identifierFor(facts.relation, (name) => this.#declared().has(name));
    const maker = this.#importTable();
    this.#text = `${this.#text.trimEnd()}\n\n${descriptionText(exportName, facts, maker)}`;
    this.#added.push(exportName);
    return { exportName, table: describeTable(facts), facts };
  }

  /** The name under which the file imports `table`; adds the import if it is missing. */
  #importTable(): string {
    const imports = [...this.#text.matchAll(importStatement)];
    const bindings = imports
      .filter(([, clause = "", from]) => from === "tidefill" && !clause.startsWith("type "))
      .flatMap(([, clause = ""]) => [
        ...clause.matchAll(/(?<![\w$])(?:type\s+)?table(?:\s+as\s+([\w$]+))?(?![\w$])/g),
      ]);
    const [binding] = bindings.filter(([whole]) => !whole.startsWith("type"));
    if (binding !== undefined) return binding[1] ?? "table";
    const isTaken = this.#declared().has("table");
    const line = `import { ${isTaken ? "table as describe" : "table"} } from "tidefill";\n`;
    const last = imports.at(-1);
    const at = last === undefined ? startOf(this.#text) : last.index + last[0].length;
    // A comment that begins the file is not about the import.
    const gap = last === undefined && /^\/[/*]/.test(this.#text.slice(at)) ? "\n" : "";
    this.#text = `${this.#text.slice(0, at)}${line}${gap}${this.#text.slice(at)}`;
    return isTaken ? "describe" : "table";
  }

  /** Every name that the file declares or imports. */
  #declared(): ReadonlySet<string> {
    const declarations = this.#text.matchAll(
      /\b(?:const|let|var|function\*?|class|enum|type|interface|namespace)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu,
    );
    const imported = [...this.#text.matchAll(importStatement)].flatMap(([, clause = ""]) =>
      [...clause.matchAll(/([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?=[,}]|$)/gu)].map(
        ([, name = ""]) => name,
      ),
    );
    return new Set([
      ...[...declarations].map(([, name = ""]) => name),
      ...imported,
      ...Object.keys(this.#exported),
    ]);
  }
}

const importStatement = /^import\s+([^"';]+?)\s*from\s*["']([^"']+)["'][^\S\n]*;?[^\S\n]*(?:\/\/.*)?\n/gmu;

function startOf(text: string): number {
  return /^#!.*\n/.exec(text)?.[0].length ?? 0;
}

function isOf(table: Table, { relation, isVisible }: TableFacts): boolean {
  return (
    table.name === relation.name && (table.schema === null ? isVisible : table.schema === relation.schema)
  );
}
