import { fileURLToPath } from "node:url";
import { runChild, works } from "../child.ts";
import type { Contestant, Outcome } from "../contestant.ts";

const program = fileURLToPath(new URL("django/migrate_large_table.py", import.meta.url));

// The system's own Python first: a distribution installs Django there, whichever other Python is on the PATH.
const interpreters = ["/usr/bin/python3", "python3"];

/** A Django management command: pages by OFFSET, `save()` a row. Needs Python with Django and psycopg2. */
export class Django implements Contestant {
  readonly name = "django";
  readonly what = "a Django command: pages of 1,000 by `offset`, `save()` a row, `atomic()` a page";
  readonly slow = true;

  async unavailable(): Promise<string | undefined> {
    return (await interpreter()) === undefined
      ? "no Python with django and psycopg2 (Debian: apt-get install python3-django python3-psycopg2)"
      : undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const python = (await interpreter()) ?? "python3";
    const { stdout, ...measured } = await runChild(python, [program], {
      environment: { DATABASE_URL: databaseUrl },
    });
    return { ...measured, rows: Number(stdout.trim().split("\n").at(-1)) };
  }
}

async function interpreter(): Promise<string | undefined> {
  for (const candidate of interpreters) {
    if (await works(candidate, "-c", "import django, psycopg2")) return candidate;
  }
  return undefined;
}
