import { schemaVersion } from "../../store/schema/schema-script.ts";
import { installSchema } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";

/** Installs tidefill's schema where it is missing, and records that in the audit. Returns whether it did. */
export async function ensureSchema({ db, store }: Session): Promise<boolean> {
  const isNew = await installSchema(db, store.schema);
  const details = { version: schemaVersion };
  if (isNew) await store.audit.record(db, { action: "schema install", job: null, run: null, details });
  return isNew;
}
