import { UsageError } from "../../errors.ts";

// A value is quoted, or ends at a blank; a backslash escapes the next character.
const pair = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'(?=\s|$)|((?:[^\s'\\]|\\.)*)(?=\s|$))\s*/sy;

/** Reads `host=… dbname='a b'` as libpq does. @throws UsageError */
export function parseKeyValues(text: string, origin: string): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (pair.lastIndex = 0; pair.lastIndex < text.length; ) {
    const match = pair.exec(text);
    if (match === null) {
      throw new UsageError(`${origin} cannot be read: it is not a list of name=value pairs.`, {
        remedy:
          "Write host=db.example.com dbname=shop, and a value with a blank or a quote as 'it\\'s here'.",
      });
    }
    const [, name = "", quoted, plain = ""] = match;
    const value = (quoted ?? plain).replaceAll(/\\(.)/gs, "$1");
    if (value !== "") read[name] = value;
  }
  return read;
}
