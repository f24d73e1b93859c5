import {
  type ColumnType,
  columnTypeFor,
  fitsCatalogType,
  parseColumnType,
} from "../job/columns/column-types.ts";
import { type Table, table } from "../job/columns/table.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import { fillTemplate } from "./fill-template.ts";
import { findKey } from "./find-key.ts";
import { looksPersonal } from "./looks-personal.ts";
import { inComment, listed, nameList, property, remark } from "./source-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** Describes a whole table from PostgreSQL's catalog; without a key where none orders its rows. */
export function describeTable(facts: TableFacts): Table {
  const { relation, name } = facts;
  const key = findKey(facts) ?? [];
  const columns = Object.fromEntries(relation.columns.map((column) => [column.name, typeOf(column)]));
  const personalData = relation.columns
    .map((column) => column.name)
    .filter((column) => !key.includes(column) && looksPersonal(relation.name, column));
  return table(name, key.length === 0 ? { columns, personalData } : { key, columns, personalData });
}

/** The same as the text of an export; `maker` is what the file calls the function `table`. */
export function descriptionText(identifier: string, facts: TableFacts, maker = "table"): string {
  const { key, personalData } = describeTable(facts);
  const columns = facts.relation.columns.map((column) => {
    const note = noteOn(column);
    return `${property(column.name)}: "${typeOf(column)}"${note === null ? "" : ` // ${note}`}`;
  });
  const personalKey = key.filter((column) => looksPersonal(facts.relation.name, column));
  const keyText = key.length === 1 ? JSON.stringify(key[0]) : nameList(key, 20);
  return fillTemplate("table.ts", {
    identifier,
    maker,
    name: JSON.stringify(facts.name),
    personalKey: remark(personalKey),
    key: key.length === 0 ? null : keyText,
    isKeyless: key.length === 0,
    columns: listed(["{", "}"], columns, 20),
    isPersonal: personalData.length > 0,
    personalData: personalData.length === 0 ? null : nameList(personalData, 20),
  });
}

/** One column of it, as the description has it: `amount_cents: "integer?"`. */
export function columnText({ relation }: TableFacts, name: string): string {
  const column = relation.columns.find((each) => each.name === name);
  return `${property(name)}: "${column === undefined ? "text?" : typeOf(column)}"`;
}

/** Whether a type has a name of its own in descriptions; every other type is carried as text. */
export function isKnownType({ baseName, isArray }: Column): boolean {
  const name = columnTypeFor(baseName);
  return name.replace("[]", "") !== "text" || (isArray ? baseName === "_text" : baseName === "text");
}

function typeOf(column: Column): ColumnType {
  const named = columnTypeFor(column.baseName);
  const parsed = parseColumnType(named);
  // A user's own type may be named like an array.
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
