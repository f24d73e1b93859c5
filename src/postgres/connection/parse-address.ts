import { UsageError } from "../../errors.ts";
import { parseKeyValues } from "./parse-key-values.ts";
import { isUri, parseUri } from "./parse-uri.ts";

/** Settings of a connection as written by the user, by libpq's names. */
export type Settings = Readonly<Record<string, string>>;

/**
 * Reads an address in either of libpq's forms: `postgres://…` or `host=… dbname=…`. `origin` names it in
 * messages, which show no part of it: each may belong to a password.
 * @throws UsageError
 */
export function parseAddress(address: string, origin: string): Settings {
  // The content of a file or secret store often ends with a line break.
  const text = address.trim();
  if (isUri(text)) return parseUri(text, origin);
  if (/^[a-z_]+\s*=/i.test(text)) return parseKeyValues(text, origin);
  throw new UsageError(`${origin} is not an address of a database: ${whyNot(text)}.`, {
    remedy: "Write postgres://user:password@host:5432/database, or host=… port=5432 dbname=… user=….",
  });
}

function whyNot(text: string): string {
  if (text === "") return "it is set but empty";
  if (/^["']/.test(text)) return "it begins with a quotation mark, which docker's --env-file keeps";
  const [, scheme] = text.match(/^([a-z][a-z0-9+.:-]{0,30}):\/\//i) ?? [];
  if (scheme !== undefined) return `it begins with ${scheme}://, not with postgres://`;
  return "it begins neither with postgres:// nor with a setting such as host=";
}
