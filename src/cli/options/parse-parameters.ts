import { UsageError } from "../../errors.ts";

/** `name=value` pairs; the value may hold further `=`. @throws UsageError */
export function parseParameters(pairs: readonly string[]): Readonly<Record<string, string>> {
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf("=");
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
    throw new UsageError("A --param is not name=value.", { remedy: "Write --param since=2024-01-01." });
  });
  return Object.fromEntries(entries);
}
