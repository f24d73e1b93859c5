import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { homeFolder } from "./os-account.ts";

/** The connection that needs a password. */
export interface PasswordFor {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The password file used when no other is named. */
export function defaultPassFile(): string {
  return process.platform === "win32"
    ? join(process.env.APPDATA ?? ".", "postgresql", "pgpass.conf")
    : join(homeFolder(), ".pgpass");
}

/** The password for a connection from a file like `.pgpass`; null without one, or if it is not private. */
export function passwordInFile(file: string, { host, port, database, user }: PasswordFor): string | null {
  const text = readPrivate(file);
  if (text === null) return null;
  // A socket in the default folder is written as localhost.
  const hosts = host.startsWith("/") ? [host, "localhost"] : [host];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    // A colon or a backslash within a field is escaped by a backslash.
    const fields = [...line.matchAll(/(?:^|:)((?:[^:\\]|\\.)*)/g)].map(([, field = ""]) =>
      field.replaceAll(/\\(.)/g, "$1"),
    );
    const [ofHost = "", ofPort, ofDatabase, ofUser, password] = fields;
    const fits =
      (ofHost === "*" || hosts.includes(ofHost)) &&
      [ofPort, ofDatabase, ofUser].every(
        (field, index) => field === "*" || field === [String(port), database, user][index],
      );
    if (fits && password !== undefined && password !== "") return password;
  }
  return null;
}

function readPrivate(file: string): string | null {
  try {
    // As libpq: a file that other users may read is ignored.
    if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) return null;
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
