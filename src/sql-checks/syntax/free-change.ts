import { dotted } from "./names.ts";
import type { TypeName } from "./parse-sql.ts";

/** A type's name and its length, or its precision and scale. */
interface Shape {
  readonly name: string;
  readonly sizes: readonly number[];
}

/** Types whose precision may grow, or be dropped, without a scan of the rows; no precision means 6. */
const precise: ReadonlySet<string> = new Set(["timestamp", "timestamptz", "time", "timetz", "interval"]);

/** By type, the one other type that changes to it without `using`; the stored values stay as they are. */
const siblings: Readonly<Record<string, string>> = { inet: "cidr", varbit: "bit" };

/** Whether a change to this type is free from every type that PostgreSQL converts without `using`. */
export function isAlwaysFree(to: TypeName): boolean {
  const after = shapeOf(to);
  return after !== null && after.sizes.length === 0 && siblings[after.name] !== undefined;
}

/**
 * Whether PostgreSQL changes a column between these types without rewriting the table; an undefined `from` is
 * unknown. Each case was tried with PostgreSQL 18; strong_migrations lists the same ones.
 */
export function isFreeChange(from: TypeName | undefined, to: TypeName): boolean {
  const after = shapeOf(to);
  if (after === null) return false;
  const before = from === undefined ? null : shapeOf(from);
  if (before === null) return false;
  if (before.name === after.name && before.sizes.join() === after.sizes.join()) return true;
  if (isText(after)) return isText(before) || before.name === "varchar";
  if (before.name !== after.name) return before.name === siblings[after.name] && after.sizes.length === 0;
  if (precise.has(after.name)) return (after.sizes[0] ?? 6) >= (before.sizes[0] ?? 6);
  return grows(before, after);
}

function grows({ sizes: before }: Shape, { name, sizes: after }: Shape): boolean {
  if (name !== "varchar" && name !== "varbit" && name !== "numeric") return false;
  if (after.length === 0) return true;
  if (before.length === 0) return false;
  const [size = 0, scale = 0] = before;
  const [newSize = 0, newScale = 0] = after;
  return newSize >= size && newScale === scale;
}

function isText({ name, sizes }: Shape): boolean {
  return name === "text" || (name === "varchar" && sizes.length === 0);
}

/** Null for an array, and for an interval that is limited to some fields. */
function shapeOf({ names, typmods = [], arrayBounds }: TypeName): Shape | null {
  const name = dotted(names)?.replace(/^pg_catalog\./, "");
  if (name === undefined || arrayBounds !== undefined || (name === "interval" && typmods.length > 1))
    return null;
  const sizes = typmods.map((node) => ("A_Const" in node ? (node.A_Const.ival?.ival ?? 0) : 0));
  return { name, sizes };
}
