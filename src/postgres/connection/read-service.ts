import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { homeFolder } from "./os-account.ts";
import type { Settings } from "./parse-address.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a service, from the user's service file or else the machine's. @throws UsageError */
export function readService(service: string, environment: Environment): Settings {
  const files = filesIn(environment);
  for (const file of files) {
    const found = existsSync(file) ? sectionOf(readFileSync(file, "utf8"), service) : null;
    if (found !== null) return found;
  }
  throw new UsageError(`No service file has the service ${service}: looked in ${files.join(", ")}.`, {
    remedy: `Add a section [${service}] with lines such as host=db.example.com, or name the file in PGSERVICEFILE.`,
  });
}

function filesIn({ PGSERVICEFILE, PGSYSCONFDIR }: Environment): readonly string[] {
  const own = PGSERVICEFILE || join(homeFolder(), ".pg_service.conf");
  // Debian's libpq looks in the second folder.
  const shared = PGSYSCONFDIR ? [PGSYSCONFDIR] : ["/etc", "/etc/postgresql-common"];
  return [own, ...shared.map((folder) => join(folder, "pg_service.conf"))];
}

function sectionOf(text: string, service: string): Settings | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const begin = lines.indexOf(`[${service}]`);
  if (begin < 0) return null;
  const after = lines.slice(begin + 1);
  const end = after.findIndex((line) => line.startsWith("["));
  const settings: Record<string, string> = {};
  for (const line of end < 0 ? after : after.slice(0, end)) {
    const [, name, value] = line.match(/^(\w+)\s*=\s*(.*)$/) ?? [];
    if (name !== undefined && value !== undefined && !line.startsWith("#")) settings[name] = value;
  }
  return settings;
}
