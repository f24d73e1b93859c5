import type { TestDatabase } from "./database.ts";

/** Empties the database, tidefill's own schema included, and makes what `setup` says in it. */
export async function freshSchemas(database: TestDatabase, setup: string): Promise<void> {
  await database.query(
    `drop schema if exists tidefill cascade; drop schema public cascade; create schema public; ${setup}`,
  );
}
