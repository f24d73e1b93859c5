import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Whom a password is wanted for. */
export interface PasswordFor {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Where passwords are kept when nothing else is said. */
export function defaultPassFile(): string {
  return process.platform === "win32"
    ? join(process.env.APPDATA ?? ".", "postgresql", "pgpass.conf")
    : join(homedir(), ".pgpass");
}

/** The password that a file as `.pgpass` has for a connection; null without one, or when others may read the file. */
export function passwordInFile(file: string, { host, port, database, user }: PasswordFor): string | null {
  const text = readPrivate(file);
  if (text === null) return null;
  // A socket in the usual folder is written as localhost.
  const hosts = host.startsWith("/") ? [host, "localhost"] : [host];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    // A colon or a backslash within a field has a backslash before it.
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
    // As libpq: a file that others may read is passed over.
    if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) return null;
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
