import { UsageError } from "../../errors.ts";
import { parseTableName } from "../../job/columns/table.ts";
import { kyselyText } from "../../scaffold/kysely.ts";
import { readTableFacts, type TableFacts } from "../../scaffold/table-facts.ts";
import type { TablesFile } from "../../scaffold/tables-file.ts";
import type { CommonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { printData, printJson } from "../terminal/output.ts";

/** Prints a `Database` interface for Kysely: for the named tables, else for those in tables.ts. */
export async function printKysely(
  settings: CommonSettings,
  named: readonly string[],
  tables: TablesFile,
): Promise<void> {
  const wanted = named.length > 0 ? named.map(parseTableName) : tables.described.map(([, table]) => table);
  if (wanted.length === 0)
    throw new UsageError(`No table is described in ${settings.jobs}/tables.ts.`, {
      remedy: "Name tables: tidefill new --kysely --table <table>",
    });
  const found = await withStore(
    settings,
    async ({ db }) => {
      const facts = new Map<string, TableFacts>();
      for (const each of wanted) {
        const one = await readTableFacts(db, each);
        facts.set(one.relation.oid, one);
      }
      return [...facts.values()];
    },
    { needsSchema: false },
  );
  const text = kyselyText(found);
  if (settings.json) printJson({ tables: found.map(({ name }) => name), text });
  else printData(text);
}
