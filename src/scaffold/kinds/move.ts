import { parseColumnType } from "../../job/columns/column-types.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import { jobText } from "../job-text.ts";
import { inComment, member, nameList, property } from "../source-text.ts";
import { isReadOnly } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";
import { valueKind } from "../value-kind.ts";
import { naturalKey } from "./seed.ts";

/** How one column of the target gets its value. */
interface Filled {
  readonly column: string;
  readonly value: string;
  /** the source's column; null where the author says what the target's gets */
  readonly reads: string | null;
  /** the source's column, where its null would not be taken */
  readonly notNull: string | null;
}

/** The columns of the target that the job fills. */
export function columnsMoved(from: DescribedTable, into: DescribedTable): readonly string[] {
  return fillings(from, into).filled.map(({ column }) => column);
}

/** The columns by which the target knows a row that is there already; null where nothing unique tells. */
export function knownBy(into: DescribedTable, columns: readonly string[]): readonly string[] | null {
  return naturalKey(into.facts, columns);
}

/** A job that moves rows into another table: columns of the same name go over by themselves. */
export function moveText(name: string, from: DescribedTable, into: DescribedTable): string {
  const { filled } = fillings(from, into);
  const columns = filled.map(({ column }) => column);
  const place = { indent: 4, used: 30 + into.exportName.length };
  return jobText({
    name,
    maker: "defineJob",
    imports: ["insertInto", "move", ...importsOf(filled)],
    tables: [from, into],
    says: `Moves rows of ${from.facts.name} into ${into.facts.name}.`,
    members: [
      ...sourceLines(from, into),
      "sink: move(",
      `  ${from.exportName},`,
      `  insertInto(${into.exportName}, ${nameList(columns, place)}),`,
      "),",
    ],
  });
}

/** A job that copies rows into another table; those that were read stay. */
export function copyText(name: string, from: DescribedTable, into: DescribedTable): string {
  const { filled } = fillings(from, into);
  const columns = filled.map(({ column }) => column);
  const known = knownBy(into, columns);
  const inner = { indent: 4, used: 20 };
  const conflict =
    known === null ? "" : `, {\n    onConflict: { target: ${nameList(known, inner)}, do: "nothing" },\n  }`;
  const place = { indent: 2, used: 30 + into.exportName.length };
  const again = known === null ? "" : `; a row that is there already, by ${known.join(", ")}, stays as it is`;
  return jobText({
    name,
    maker: "defineJob",
    imports: ["insertInto", ...importsOf(filled)],
    tables: [from, into],
    says: `Copies rows of ${from.facts.name} into ${into.facts.name}${again}.`,
    members: [
      ...sourceLines(from, into),
      ...(known === null
        ? ["// Nothing unique tells a copy from another: with --again each row is there twice."]
        : []),
      `sink: insertInto(${into.exportName}, ${nameList(columns, place)}${conflict}),`,
    ],
  });
}

/** The source, of which only what goes over is read, and the transform. */
function sourceLines(from: DescribedTable, into: DescribedTable): readonly string[] {
  const { filled, left } = fillings(from, into);
  const read = filled.map(({ reads }) => reads).filter((name) => name !== null);
  const needed = read.filter((name) => !from.table.key.includes(name));
  const personal = read.filter((name) => from.table.personalData.includes(name));
  const others = Object.keys(from.table.columns).filter(
    (name) => !read.includes(name) && !from.table.key.includes(name),
  );
  const place = { indent: 2, used: 24 + from.exportName.length };
  return [
    ...(others.length === 0
      ? []
      : [`// Not read, since nothing asks for it: ${inComment(others.join(", "))}.`]),
    ...(personal.length === 0
      ? []
      : [
          `// By their names about persons, so the job keeps an encrypted undo log: ${inComment(personal.join(", "))}.`,
        ]),
    `source: rowsOf(${from.exportName}, { read: ${nameList(needed, place)} }),`,
    ...(left.length === 0
      ? []
      : [`// Not filled here, so they take their defaults: ${inComment(left.join(", "))}.`]),
    ...transformLines(filled),
  ];
}

function importsOf(filled: readonly Filled[]): readonly string[] {
  return [...(filled.some(({ notNull }) => notNull) ? ["reject"] : []), "rowsOf"];
}

/** A row whose null the target would not take stays where it is. */
function transformLines(filled: readonly Filled[]): readonly string[] {
  const values = filled.map(({ column, value }) => `  ${property(column)}: ${value},`);
  const refused = filled.map(({ notNull }) => notNull).filter((column) => column !== null);
  if (refused.length === 0) return ["transform: (row) => ({", ...values, "}),"];
  const refusals = refused.map(
    (column) =>
      `  if (${member("row", column)} === null) return reject(${JSON.stringify(`${column} is null`)});`,
  );
  return [
    "transform: (row) => {",
    ...refusals,
    "  return {",
    ...values.map((line) => `  ${line}`),
    "  };",
    "},",
  ];
}

function fillings(from: DescribedTable, into: DescribedTable) {
  const writable = into.facts.relation.columns.filter(
    (column) => !isReadOnly(column) && Object.hasOwn(into.table.columns, column.name),
  );
  const filled = writable.map((column) => fillingOf(column, from, into)).filter((each) => each !== null);
  // Every insert names a column.
  const some = filled.length > 0 ? filled : writable.slice(0, 1).map(({ name }) => open(name));
  const left = writable.map(({ name }) => name).filter((name) => !some.some(({ column }) => column === name));
  return { filled: some, left };
}

function fillingOf({ name, isNullable }: Column, from: DescribedTable, into: DescribedTable): Filled | null {
  const wanted = into.table.columns[name] ?? "text";
  const has = from.table.columns[name];
  const byItself = into.facts.defaults.get(name);
  // Numbers that the target counts are its own: with those of another table it would run into them later.
  if (byItself?.isCounted) return null;
  const value = has === undefined ? null : conversion(member("row", name), has, wanted);
  if (has === undefined || value === null) return isNullable || byItself !== undefined ? null : open(name);
  const mayBeNull = has.endsWith("?");
  if (!mayBeNull) return { column: name, value, reads: name, notNull: null };
  if (!wanted.endsWith("?")) return { column: name, value, reads: name, notNull: name };
  const read = member("row", name);
  const orNull = value === read ? read : `${read} === null ? null : ${value}`;
  return { column: name, value: orNull, reads: name, notNull: null };
}

function open(column: string): Filled {
  return { column, value: "todo(row)", reads: null, notNull: null };
}

/** A value of one type as one of another; null where that wants thought. */
function conversion(value: string, from: string, to: string): string | null {
  const [source, target] = [parseColumnType(from), parseColumnType(to)];
  if (source === null || target === null || source.isArray !== target.isArray) return null;
  const [has, wants] = [valueKind(from), valueKind(to)];
  if (source.isArray) return source.scalar === target.scalar ? value : null;
  // A numeric is a text that TypeScript takes for none.
  if (source.scalar === "numeric" && wants === "string" && target.scalar !== "numeric")
    return `String(${value})`;
  if (has === wants) return value;
  const isWhole = source.scalar === "smallint" || source.scalar === "integer";
  if (wants === "bigint" && isWhole) return `BigInt(${value})`;
  const takesDigits = ["numeric", "text", "varchar"].includes(target.scalar);
  return takesDigits && (has === "number" || has === "bigint") ? `String(${value})` : null;
}
