import type { DatabaseState, TableState, TextRow } from "./read-state.ts";

/** One thing that differs: what it is, and what it should be; null where there is nothing. */
export interface Difference {
  readonly where: string;
  readonly actual: TextRow | string | null;
  readonly expected: TextRow | string | null;
}

/** Everything in which two databases differ. */
export function compareStates(actual: DatabaseState, expected: DatabaseState): Difference[] {
  const names = [...new Set([...expected.tables.keys(), ...actual.tables.keys()])];
  const shape = [
    ...without(actual.shape, expected.shape).map((line) => different("the schema", line, null)),
    ...without(expected.shape, actual.shape).map((line) => different("the schema", null, line)),
  ];
  return [
    ...shape,
    ...names.flatMap((name) => compareTables(actual.tables.get(name), expected.tables.get(name))),
  ];
}

function compareTables(actual: TableState | undefined, expected: TableState | undefined): Difference[] {
  // A missing table shows as missing columns.
  if (actual === undefined || expected === undefined) return [];
  const { name, key } = expected;
  const extra = surplus(actual.rows, expected.rows);
  const missing = surplus(expected.rows, actual.rows);
  if (key.length === 0) {
    return [
      ...extra.map((row) => different(name, row, null)),
      ...missing.map((row) => different(name, null, row)),
    ];
  }
  const there = new Map(extra.map((row) => [placeOf(row, key), row]));
  const wanted = new Map(missing.map((row) => [placeOf(row, key), row]));
  const places = [...new Set([...wanted.keys(), ...there.keys()])].sort(byNumber.compare);
  return places.map((place) =>
    different(`${name} ${place}`, ...onlyWhatDiffers(there.get(place), wanted.get(place))),
  );
}

const byNumber = new Intl.Collator("en", { numeric: true });

/** Rows of `left` that `right` has fewer of: tables without a key may hold the same row several times. */
function surplus(left: readonly TextRow[], right: readonly TextRow[]): TextRow[] {
  const counts = new Map<string, number>();
  for (const row of right) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + 1);
  return left.filter((row) => {
    const text = JSON.stringify(row);
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

function onlyWhatDiffers(
  actual: TextRow | undefined,
  expected: TextRow | undefined,
): readonly [TextRow | null, TextRow | null] {
  if (actual === undefined || expected === undefined) return [actual ?? null, expected ?? null];
  const columns = Object.keys(expected).filter((column) => actual[column] !== expected[column]);
  const part = (row: TextRow): TextRow =>
    Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
  return [part(actual), part(expected)];
}

function placeOf(row: TextRow, key: readonly string[]): string {
  return key.map((column) => `${column}=${row[column]}`).join(", ");
}

function without(left: readonly string[], right: readonly string[]): string[] {
  return left.filter((line) => !right.includes(line));
}

function different(
  where: string,
  actual: Difference["actual"],
  expected: Difference["expected"],
): Difference {
  return { where, actual, expected };
}

/** A difference in a line. */
export function describe({ where, actual, expected }: Difference): string {
  if (actual === null) return `${where}: missing ${shown(expected)}`;
  if (expected === null) return `${where}: unexpected ${shown(actual)}`;
  return `${where}: is ${shown(actual)}, should be ${shown(expected)}`;
}

function shown(part: Difference["actual"]): string {
  return typeof part === "string" ? part : JSON.stringify(part);
}
