import type { TestDatabase } from "./database.ts";
import { emptyStore } from "./empty-store.ts";

/** Empties the database, including tidefill's tables, and runs `setup` in it. */
export async function freshSchemas(database: TestDatabase, setup: string): Promise<void> {
  await database.query(`${emptyStore}; drop schema public cascade; create schema public; ${setup}`);
}
