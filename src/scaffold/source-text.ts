import { displayIdentifier } from "../postgres/sql/sql.ts";

const lineWidth = 110;

/** A name as a property of an object. */
export function property(name: string): string {
  // Without brackets it would set the object's prototype.
  if (name === "__proto__") return `["__proto__"]`;
  return isIdentifier(name) ? name : JSON.stringify(name);
}

/** How a property is read: `row.id`, `row["odd name"]`. */
export function member(object: string, name: string): string {
  return isIdentifier(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}

/**
 * A column's name inside of `` sql`…` ``, which is raw: what would end the template or the line is written by
 * code.
 */
export function columnInSql(name: string): string {
  if (!/[`\\\n]|\$\{/.test(name)) return displayIdentifier(name);
  const escaped = name
    .replaceAll('"', '""')
    .replaceAll(/[`\\$\n]/g, (each) => `\\${(each.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
  return `U&"${escaped}"`;
}

/** Text for a template literal that is not raw. */
export function inTemplate(text: string): string {
  return text.replaceAll(/[`\\]|\$\{/g, "\\$&");
}

/** Text that is safe in any comment. */
export function inComment(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("*/", "* /");
}

/** Names for a comment; null where there are none. */
export function remark(names: readonly string[]): string | null {
  return names.length === 0 ? null : inComment(names.join(", "));
}

/** A statement as the text of a query: in quotes where nothing in it needs a template. */
export function queryText(statement: string): string {
  const plain = inTemplate(statement).replaceAll("\n", "\\n");
  return plain === statement && !statement.includes('"') ? `"${statement}"` : `\`${plain}\``;
}

/** Items between brackets, on one line where that fits behind `used` characters, else one a line. */
export function listed(
  [open, close]: readonly [string, string],
  items: readonly string[],
  used: number,
): string {
  const padding = open === "{" ? " " : "";
  const flat = `${open}${padding}${items.join(", ")}${padding}${close}`;
  if (items.length === 0) return `${open}${close}`;
  if (used + flat.length < lineWidth && !flat.includes("//")) return flat;
  const lines = items.map((item) => `  ${withComma(item).replaceAll("\n", "\n  ")}\n`);
  return `${open}\n${lines.join("")}${close}`;
}

/** Names as texts, in brackets. */
export function nameList(names: readonly string[], used: number): string {
  return listed(
    ["[", "]"],
    names.map((name) => JSON.stringify(name)),
    used,
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
