import type { TestDatabase } from "./database.ts";

/** Empties the database, including tidefill's schema, and runs `setup` in it. */
export async function freshSchemas(database: TestDatabase, setup: string): Promise<void> {
  await database.query(
    `drop schema if exists tidefill cascade; drop schema public cascade; create schema public; ${setup}`,
  );
}
