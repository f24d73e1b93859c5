import { displayIdentifier } from "../postgres/sql/sql.ts";

const lineWidth = 110;

/** A name as a property of an object. */
export function property(name: string): string {
  // Without brackets it would be the object's prototype.
  if (name === "__proto__") return `["__proto__"]`;
  return isIdentifier(name) ? name : JSON.stringify(name);
}

/** How a property is read: `row.id`, `row["odd name"]`. */
export function member(object: string, name: string): string {
  return isIdentifier(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}

/** A column's name inside of `` sql`…` ``, whose text is taken raw: what would end the template is written by its number. */
export function columnInSql(name: string): string {
  if (!/[`\\]|\$\{/.test(name)) return displayIdentifier(name);
  const escaped = name
    .replaceAll('"', '""')
    .replaceAll(/[`\\$]/g, (each) => `\\${(each.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
  return `U&"${escaped}"`;
}

/** Text inside of a template literal that is not raw. */
export function inTemplate(text: string): string {
  return text.replaceAll(/[`\\]|\$\{/g, "\\$&");
}

/** Text that can stand in any comment. */
export function inComment(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("*/", "* /");
}

/** Items between brackets, on one line where that fits behind `used` characters, else one on each. */
export function listed(
  [open, close]: readonly [string, string],
  items: readonly string[],
  { indent, used }: { readonly indent: number; readonly used: number },
): string {
  const padding = open === "{" ? " " : "";
  const flat = `${open}${padding}${items.join(", ")}${padding}${close}`;
  if (items.length === 0) return `${open}${close}`;
  if (used + flat.length < lineWidth && !flat.includes("//")) return flat;
  const margin = " ".repeat(indent);
  return `${open}\n${items.map((item) => `${margin}  ${withComma(item)}\n`).join("")}${margin}${close}`;
}

/** Names as texts, in brackets. */
export function nameList(
  names: readonly string[],
  place: { readonly indent: number; readonly used: number },
) {
  return listed(
    ["[", "]"],
    names.map((name) => JSON.stringify(name)),
    place,
  );
}

// The comma stands before a comment.
function withComma(item: string): string {
  const [, text = item, note = ""] = /^(.*: "[^"]*")( \/\/ .*)$/s.exec(item) ?? [];
  return `${text},${note}`;
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__";
}
