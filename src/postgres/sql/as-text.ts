/** Every value as the text that PostgreSQL sent: a `Date` or a `Number` would lose digits. */
export const asText = {
  getTypeParser: () => (text: string | Buffer) => (typeof text === "string" ? text : text.toString("utf8")),
};
