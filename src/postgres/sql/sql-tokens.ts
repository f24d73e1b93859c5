/** What in a statement's text is no plain word of it, as pieces of a regular expression: each to its end, or to the text's. */
export const sqlTokens = {
  name: `(?<name>"(?:[^"]|"")*(?:"|$))`,
  comment: String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
  dollarText: String.raw`(?<![\w$])\$(?<tag>(?:[A-Za-z_]\w*)?)\$[\s\S]*?(?:\$\k<tag>\$|$)`,
  escapedText: String.raw`[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)`,
  text: `[bBxXnN]?'(?:[^']|'')*(?:'|$)`,
} as const;
