import { readFile } from "node:fs/promises";
import pg from "pg";
import { messageOf, UsageError } from "../../errors.ts";
import { connected } from "./server-url.ts";

/** SQL, or a file of SQL (a URL, or a path that ends in `.sql`); several are run in their order. */
export type Schema = string | URL | readonly (string | URL)[];

interface SchemaPart {
  readonly name: string;
  readonly text: string;
}

/** The parts of a schema. @throws UsageError for a file that is missing */
export async function readSchema(schema: Schema): Promise<readonly SchemaPart[]> {
  const parts = typeof schema === "string" || schema instanceof URL ? [schema] : schema;
  return Promise.all(parts.map(readPart));
}

async function readPart(part: string | URL): Promise<SchemaPart> {
  const isFile = part instanceof URL || /^[^\n;]+\.sql$/.test(part.trim());
  if (!isFile) return { name: "the schema", text: part };
  const name = part instanceof URL ? part.pathname : part.trim();
  const text = await readFile(part instanceof URL ? part : name, "utf8").catch((cause: unknown) => {
    throw new UsageError(`The schema ${name} cannot be read: ${messageOf(cause)}`, {
      remedy:
        "A relative path begins where the process was started. Use new URL(…, import.meta.url) to begin at the test's file.",
      cause,
    });
  });
  return { name, text: text.replaceAll(/^\\(un)?restrict .*$/gm, "") };
}

/** Runs a schema in a database, each part in a transaction. @throws UsageError that names the line */
export async function fill(url: string, parts: readonly SchemaPart[]): Promise<void> {
  await connected(url, async (client) => {
    for (const part of parts) await client.query(part.text).catch((cause) => refuse(part, cause));
  });
}

function refuse({ name, text }: SchemaPart, cause: unknown): never {
  const position = cause instanceof pg.DatabaseError ? cause.position : undefined;
  const line = position === undefined ? "" : ` (line ${text.slice(0, Number(position)).split("\n").length})`;
  throw new UsageError(`PostgreSQL does not accept ${name}: ${messageOf(cause)}${line}.`, {
    remedy: "A dump may hold only SQL: use pg_dump --schema-only, or --inserts.",
    cause,
  });
}
