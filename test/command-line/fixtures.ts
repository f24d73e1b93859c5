import type { TestDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";

const tables = `
import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
`;

/** A job that is not idempotent, and slow enough to be interrupted. */
export const increment = `
import { defineJob, rowsOf, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineJob({
  name: "increment",
  source: rowsOf(counters, { read: ["n"] }),
  transform: async (row) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return { n: row.n + 1 };
  },
  sink: update(counters, ["n"]),
});
`;

const labels = `
import { defineJob, reject, rowsOf, skip, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineJob({
  name: "label",
  parameters: { word: "text", poison: "bigint?" },
  source: ({ parameters }) => rowsOf(counters, { read: [], pending: sql\`label is distinct from \${parameters.word}\` }),
  transform: (row, { parameters }) => {
    if (row.id === parameters.poison) return reject("it is poison");
    return row.id % 10n === 0n ? skip() : { label: parameters.word };
  },
  sink: update(counters, ["label"]),
});
`;

/** The jobs of these tests, in a folder outside of the package. */
export function openCommandLine(database: TestDatabase): Promise<CommandLine> {
  return CommandLine.open(database.url, {
    "tables.ts": tables,
    "increment.ts": increment,
    "label.ts": labels,
  });
}

export async function fillCounters(database: TestDatabase, rows: number): Promise<void> {
  await database.query("drop schema if exists tidefill cascade");
  await database.query("drop table if exists counters");
  await database.query(
    "create table counters (id bigint primary key, n integer not null default 0, label text)",
  );
  await database.query("insert into counters (id) select g from generate_series(1, $1::integer) g", [rows]);
}
