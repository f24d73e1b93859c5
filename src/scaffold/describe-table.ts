import {
  type ColumnType,
  columnTypeFor,
  fitsCatalogType,
  parseColumnType,
} from "../job/columns/column-types.ts";
import { type Table, table } from "../job/columns/table.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import { findKey } from "./find-key.ts";
import { looksPersonal } from "./looks-personal.ts";
import { inComment, listed, nameList, property } from "./source-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** Describes a whole table as the catalogue has it; without a key where none orders its rows. */
export function describeTable(facts: TableFacts): Table {
  const { relation, name } = facts;
  const key = findKey(facts) ?? [];
  const columns = Object.fromEntries(relation.columns.map((column) => [column.name, typeOf(column)]));
  const personalData = relation.columns
    .map((column) => column.name)
    .filter((column) => !key.includes(column) && looksPersonal(relation.name, column));
  return table(name, key.length === 0 ? { columns, personalData } : { key, columns, personalData });
}

/** The same as the text of an export. */
export function descriptionText(exportName: string, facts: TableFacts): string {
  const { key, personalData } = describeTable(facts);
  const place = { indent: 2, used: 20 };
  const columns = facts.relation.columns.map((column) => {
    const note = noteOn(column);
    return `${property(column.name)}: "${typeOf(column)}"${note === null ? "" : ` // ${note}`}`;
  });
  const keyText = key.length === 1 ? JSON.stringify(key[0]) : nameList(key, place);
  const shown = key.filter((column) => looksPersonal(facts.relation.name, column));
  const lines = [
    ...(shown.length === 0
      ? []
      : [
          `// Keys are kept and shown: if ${inComment(shown.join(", "))} is about persons, name another unique one.`,
        ]),
    key.length === 0 ? "// No key orders its rows: it can only be inserted into." : `key: ${keyText},`,
    `columns: ${listed(["{", "}"], columns, place)},`,
    ...(personalData.length === 0
      ? []
      : [
          "// By their names, so correct the list: values of these columns are shown and kept nowhere.",
          `personalData: ${nameList(personalData, place)},`,
        ]),
  ];
  const opening = `export const ${exportName} = table(${JSON.stringify(facts.name)}, {`;
  return `${opening}\n${lines.map((line) => `  ${line}\n`).join("")}});\n`;
}

/** One column of it, as the description has it: `amount_cents: "integer?"`. */
export function columnText({ relation }: TableFacts, name: string): string {
  const column = relation.columns.find((each) => each.name === name);
  return `${property(name)}: "${column === undefined ? "text?" : typeOf(column)}"`;
}

/** Whether a type has a name of its own in descriptions; every other is carried as text. */
export function isKnownType({ baseName, isArray }: Column): boolean {
  const name = columnTypeFor(baseName);
  return name.replace("[]", "") !== "text" || (isArray ? baseName === "_text" : baseName === "text");
}

function typeOf(column: Column): ColumnType {
  const named = columnTypeFor(column.baseName);
  const parsed = parseColumnType(named);
  // A type of somebody's may be called as arrays are.
  const fits =
    parsed !== null && parsed.isArray === column.isArray && fitsCatalogType(parsed, column.baseName);
  return `${fits ? named : "text"}${column.isNullable ? "?" : ""}` as ColumnType;
}

function noteOn(column: Column): string | null {
  const notes = [
    ...(isKnownType(column) ? [] : [`${inComment(column.displayType)}, as PostgreSQL prints it`]),
    ...(column.isGenerated ? ["generated: it can only be read"] : []),
    ...(column.isIdentityAlways ? ["always PostgreSQL's own number"] : []),
  ];
  return notes.length === 0 ? null : notes.join("; ");
}
