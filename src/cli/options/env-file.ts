import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { messageOf, UsageError } from "../../errors.ts";
import { say } from "../terminal/output.ts";
import type { CommonSettings } from "./settings.ts";

const usual = ".env";

/** Adds a file's variables to the environment; variables that are already set win. @throws UsageError */
export function useEnvFile(file: string | undefined): void {
  if (file === undefined) return;
  const read = parsed(file);
  const { DATABASE_URL: here } = process.env;
  if (here !== undefined && read.DATABASE_URL !== undefined && here !== read.DATABASE_URL) {
    throw new UsageError(`DATABASE_URL is set, and ${file} has a different one.`, {
      remedy: "Unset the wrong one: `unset DATABASE_URL`; or name the database with --database-url.",
    });
  }
  for (const [name, value] of Object.entries(read)) process.env[name] ??= value;
}

function parsed(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new UsageError(`The file of --env-file cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

const named = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"];

/**
 * Warns of a `.env` that names a database while the environment does not: other programs of the project read
 * it.
 * @throws UsageError when nothing else names a database, so that tidefill does not use whichever one is
 * running
 */
export function mindEnvFile({ databaseUrl, embedded }: CommonSettings): void {
  const { env } = process;
  if (databaseUrl !== undefined || embedded !== undefined || env.DATABASE_URL !== undefined) return;
  if (!hasAddress()) return;
  const remedy = `To use it: --env-file ${usual}`;
  if (named.some((name) => env[name])) {
    say(
      `The file ${usual} has a DATABASE_URL, which is not used: PGHOST, PGPORT or PGDATABASE name the database. ${remedy}`,
    );
    return;
  }
  throw new UsageError(
    `DATABASE_URL is not set. The file ${usual} has one, but tidefill reads that file only when told to.`,
    {
      remedy: `${remedy}   or name the database: --database-url postgres://…`,
    },
  );
}

function hasAddress(): boolean {
  try {
    return Boolean(parseEnv(readFileSync(usual, "utf8")).DATABASE_URL);
  } catch {
    return false;
  }
}
