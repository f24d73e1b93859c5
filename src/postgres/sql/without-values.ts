import { sqlTokens } from "./sql-tokens.ts";

const tokens = new RegExp([...Object.values(sqlTokens), String.raw`(?<![\w$])\d[\w.]*`].join("|"), "g");

/** A statement on one line with `?` for its literals, shortened: a value in it may be confidential. */
export function withoutValues(query: string): string {
  // Where a backslash precedes a quote, only the session's settings tell where the literal ends.
  if (/\\'/.test(query)) return `${/^\s*\w*/.exec(query)?.[0].trim() ?? ""} …`;
  const shown = query
    .replaceAll(tokens, (...found: readonly unknown[]) => {
      const { name, comment } = found.at(-1) as { readonly name?: string; readonly comment?: string };
      if (comment !== undefined) return " ";
      return name ?? "?";
    })
    .replaceAll(/\s+/g, " ")
    .trim();
  return shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
}
