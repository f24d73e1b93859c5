/** Patterns for quoted names, comments and literals in a statement; an unclosed one reaches to the end. */
export const sqlTokens = {
  name: `(?<name>"(?:[^"]|"")*(?:"|$))`,
  comment: String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
  dollarText: String.raw`(?<![\w$])\$(?<tag>(?:[A-Za-z_]\w*)?)\$[\s\S]*?(?:\$\k<tag>\$|$)`,
  escapedText: String.raw`[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)`,
  text: `[bBxXnN]?'(?:[^']|'')*(?:'|$)`,
} as const;
