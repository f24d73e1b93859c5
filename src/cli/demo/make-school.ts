import { UsageError } from "../../errors.ts";
import { type Address, createPool } from "../../postgres/connection/create-pool.ts";
import type { CommonSettings } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { printJson, say } from "../terminal/output.ts";
import { createSampleSchool } from "./create-sample-school.ts";

const essays = 2_000;

/**
 * Creates a small sample school in an empty database, to try jobs on. An embedded database is up until
 * `whileUp` has ended.
 */
export async function makeSchool(
  settings: CommonSettings,
  whileUp: (school: { readonly essays: number }) => Promise<void> = async (school) => {
    if (settings.json) printJson(school);
  },
): Promise<void> {
  await withAddress(settings, async (address) => {
    await createIn(address);
    say(`Created a school with ${essays.toLocaleString("en-US")} essays.`);
    await whileUp({ essays });
  });
}

/** @throws UsageError for a database that holds something */
async function createIn(address: Address): Promise<void> {
  const pool = createPool({ ...address, applicationName: "tidefill demo", maxConnections: 1 });
  try {
    const { rows } = await pool.query<{ readonly name: string }>(`
      select c.oid::regclass::text as name
      from pg_catalog.pg_class c
      where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
      limit 1`);
    if (rows[0] !== undefined) {
      throw new UsageError(`The sample school needs an empty database, but this one has ${rows[0].name}.`, {
        remedy:
          "Name another database, or a folder for a new one: tidefill demo --school --embedded .tidefill/school",
      });
    }
    await createSampleSchool(pool, { essays });
  } finally {
    await pool.end();
  }
}
