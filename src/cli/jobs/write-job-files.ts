import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TablesFile } from "../../scaffold/tables-file.ts";

/**
 * Files by path: `written` are new, `extended` existed and were added to, `kept` existed and were not
 * changed.
 */
export interface Written {
  readonly written: readonly string[];
  readonly extended: readonly string[];
  readonly kept: readonly string[];
}

/** Writes a job, its test and the tables that were added; never overwrites a job or a test. */
export async function writeJobFiles(
  folder: string,
  name: string,
  tables: TablesFile,
  { job, test }: { readonly job: string; readonly test: string },
): Promise<Written> {
  await mkdir(folder, { recursive: true });
  const path = (file: string) => join(folder, file);
  const hadTables = existsSync(path("tables.ts"));
  const hadTest = existsSync(path(`${name}.test.ts`));
  await writeFile(path(`${name}.ts`), job, { flag: "wx" });
  if (!hadTest) await writeFile(path(`${name}.test.ts`), test, { flag: "wx" });
  if (tables.added.length > 0) await writeFile(path("tables.ts"), tables.text);
  const isNew = tables.added.length > 0 && !hadTables;
  return {
    written: [
      path(`${name}.ts`),
      ...(hadTest ? [] : [path(`${name}.test.ts`)]),
      ...(isNew ? [path("tables.ts")] : []),
    ],
    extended: tables.added.length > 0 && hadTables ? [path("tables.ts")] : [],
    kept: hadTest ? [path(`${name}.test.ts`)] : [],
  };
}
