import type { Database } from "../../postgres/transaction/database.ts";
import { schemaVersion } from "../../store/schema/schema-script.ts";
import { installSchema } from "../../store/schema/store-schema.ts";
import type { Store } from "../../store/store.ts";

/** Installs tidefill's schema where it is missing, as the first line of its audit; answers whether it did. */
export async function install(db: Database, store: Store): Promise<boolean> {
  const isNew = await installSchema(db, store.schema);
  const details = { version: schemaVersion };
  if (isNew) await store.audit.record(db, { action: "schema install", job: null, run: null, details });
  return isNew;
}
