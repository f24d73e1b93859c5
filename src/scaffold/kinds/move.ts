import { parseColumnType } from "../../job/columns/column-types.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import { fillTemplate, type Holes } from "../fill-template.ts";
import { type JobFiles, killOptions, namesOf, onConflictText, openHoles, withTodo } from "../job-files.ts";
import { inComment, listed, member, nameList, property, queryText, remark } from "../source-text.ts";
import { isReadOnly } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";
import { columnsOfChance, createTableText, insertRowsText, schemaText } from "../test-schema.ts";
import { valueKind } from "../value-kind.ts";
import { naturalKey } from "./seed.ts";

/** How one column of the target gets its value. */
interface Filled {
  readonly column: string;
  /** what the transform returns for it; null where the database takes the source's value as it is */
  readonly value: string | null;
  /** the source's column; null where the author must say what the target's column gets */
  readonly reads: string | null;
  /** the source's column, where the target does not accept its null */
  readonly notNull: string | null;
}

/**
 * A job that brings rows into another table; columns of the same name are copied.
 * A move deletes the rows from their old table, a copy leaves them there.
 */
export function moveFiles(
  job: string,
  kind: "move" | "copy",
  from: DescribedTable,
  into: DescribedTable,
): JobFiles {
  const { filled, left } = fillings(from, into);
  const columns = filled.map(({ column }) => column);
  const known = kind === "copy" ? naturalKey(into.facts, columns) : null;
  const text = fillTemplate(`${kind}.ts`, {
    job,
    imports: importsOf(kind, filled),
    tables: namesOf(from, into),
    does: doesText(kind, from, into, known),
    ...sourceHoles(from, filled),
    left: remark(left),
    transform: transformText(filled),
    into: into.exportName,
    ...insertHoles(into, filled, known),
  });
  const isOpen = text.includes("todo(");
  const test = fillTemplate(`${kind}.test.ts`, {
    job,
    schema: schemaText([
      ...createTableText(from, null, true),
      ...createTableText(into, known, false),
      insertRowsText(from, []),
    ]),
    ...openHoles(isOpen),
    countFrom: queryText(`select count(*) from ${from.facts.name}`),
    countInto: queryText(`select count(*) from ${into.facts.name}`),
    kills: killOptions(columnsOfChance(into, columns)),
  });
  return { job: withTodo(job, text), test };
}

function doesText(
  kind: "move" | "copy",
  from: DescribedTable,
  into: DescribedTable,
  known: readonly string[] | null,
): string {
  const does = `${kind === "move" ? "Moves" : "Copies"} rows of ${from.facts.name} into ${into.facts.name}`;
  const again = known === null ? "" : `; an existing row, by ${known.join(", ")}, stays as it is`;
  return inComment(`${does}${again}.`);
}

function importsOf(kind: "move" | "copy", filled: readonly Filled[]): string {
  const refuses = filled.some(({ notNull }) => notNull);
  return [
    ...["defineJob", "insertInto"],
    ...(kind === "move" ? ["move"] : []),
    ...(refuses ? ["reject"] : []),
    "rowsOf",
  ].join(", ");
}

/** The source, of which only the columns are read that the transform needs. */
function sourceHoles(from: DescribedTable, filled: readonly Filled[]): Holes {
  const { key, columns, personalData } = from.table;
  const taken = filled.map(({ reads }) => reads).filter((name) => name !== null);
  const read = computedOf(filled).map(({ reads }) => reads);
  const needed = taken.filter((name) => read.includes(name) && !key.includes(name));
  return {
    from: from.exportName,
    read: nameList(needed, 24 + from.exportName.length),
    unread: remark(Object.keys(columns).filter((name) => !taken.includes(name) && !key.includes(name))),
    personal: remark(taken.filter((name) => personalData.includes(name))),
  };
}

/** The insert: what the transform returns, what the database keeps, and what finds an earlier copy. */
function insertHoles(
  into: DescribedTable,
  filled: readonly Filled[],
  known: readonly string[] | null,
): Holes {
  const computed = computedOf(filled).map(({ column }) => column);
  const kept = filled.map(({ column }) => column).filter((column) => !computed.includes(column));
  const options = [
    ...(kept.length === 0 ? [] : [`keep: ${nameList(kept, 20)}`]),
    ...(known === null ? [] : [onConflictText(known)]),
  ];
  const used = 30 + into.exportName.length;
  const columns = nameList(computed, used);
  return {
    columns,
    options: options.length === 0 ? "" : `, ${listed(["{", "}"], options, used + columns.length)}`,
    isAllKept: computed.length === 0,
    isDoubled: known === null,
  };
}

function computedOf(filled: readonly Filled[]): (Filled & { readonly value: string })[] {
  return filled.flatMap((each) => (each.value === null ? [] : [{ ...each, value: each.value }]));
}

/** The transform; a row with a null that the target does not accept is rejected, and so stays where it is. */
function transformText(filled: readonly Filled[]): string {
  const values = computedOf(filled).map(({ column, value }) => `${property(column)}: ${value},`);
  if (values.length === 0) return "() => ({})";
  const refused = filled.map(({ notNull }) => notNull).filter((column) => column !== null);
  if (refused.length === 0) return ["(row) => ({", ...values.map((line) => `  ${line}`), "})"].join("\n");
  const refusals = refused.map(
    (column) =>
      `  if (${member("row", column)} === null) return reject(${JSON.stringify(`${column} is null`)});`,
  );
  const answer = ["  return {", ...values.map((line) => `    ${line}`), "  };"];
  return ["(row) => {", ...refusals, ...answer, "}"].join("\n");
}

function fillings(from: DescribedTable, into: DescribedTable) {
  const writable = into.facts.relation.columns.filter(
    (column) => !isReadOnly(column) && Object.hasOwn(into.table.columns, column.name),
  );
  const filled = writable.map((column) => fillingOf(column, from, into)).filter((each) => each !== null);
  // Every insert must name a column.
  const some = filled.length > 0 ? filled : writable.slice(0, 1).map(({ name }) => open(name));
  const left = writable.map(({ name }) => name).filter((name) => !some.some(({ column }) => column === name));
  return { filled: some, left };
}

function fillingOf(column: Column, from: DescribedTable, into: DescribedTable): Filled | null {
  const { name, isNullable } = column;
  const wanted = into.table.columns[name] ?? "text";
  const has = from.table.columns[name];
  const byItself = into.facts.defaults.get(name);
  // The target numbers its rows itself: numbers of another table would collide with its own later.
  if (byItself?.isCounted) return null;
  const value = has === undefined ? null : conversion(member("row", name), has, wanted);
  if (has === undefined || value === null) return isNullable || byItself !== undefined ? null : open(name);
  const mayBeNull = has.endsWith("?");
  if (mayBeNull && !wanted.endsWith("?")) return { column: name, value, reads: name, notNull: name };
  const source = from.facts.relation.columns.find((each) => each.name === name);
  // PostgreSQL computes a generated column of a moved row again, so the transform reads it.
  if (source?.isGenerated === false && source.baseType === column.baseType)
    return { column: name, value: null, reads: name, notNull: null };
  if (!mayBeNull) return { column: name, value, reads: name, notNull: null };
  const read = member("row", name);
  const orNull = value === read ? read : `${read} === null ? null : ${value}`;
  return { column: name, value: orNull, reads: name, notNull: null };
}

function open(column: string): Filled {
  return { column, value: "todo(row)", reads: null, notNull: null };
}

/** A value of one type as one of another; null where the author must decide. */
function conversion(value: string, from: string, to: string): string | null {
  const [source, target] = [parseColumnType(from), parseColumnType(to)];
  if (source === null || target === null || source.isArray !== target.isArray) return null;
  const [has, wants] = [valueKind(from), valueKind(to)];
  if (source.isArray) return source.scalar === target.scalar ? value : null;
  // A numeric is a string in JavaScript, but TypeScript does not accept it as one.
  if (source.scalar === "numeric" && wants === "string" && target.scalar !== "numeric")
    return `String(${value})`;
  if (has === wants) return value;
  const isWhole = source.scalar === "smallint" || source.scalar === "integer";
  if (wants === "bigint" && isWhole) return `BigInt(${value})`;
  const takesDigits = ["numeric", "text", "varchar"].includes(target.scalar);
  return takesDigits && (has === "number" || has === "bigint") ? `String(${value})` : null;
}
