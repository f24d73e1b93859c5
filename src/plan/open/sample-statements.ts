import type { Bounds } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget } from "../../sink/images/images.ts";
import type { OpenedJob } from "./opened-job.ts";

export interface NamedStatement {
  readonly name: "bound" | "read" | "write";
  readonly statement: Sql;
}

const sampleRows = 1_000;
const sampleBytes = 4_194_304;

/** The exact statements of a batch, with the bounds of the job's first one. */
export async function sampleStatements(
  tx: Transaction,
  opened: OpenedJob,
  images: ImageTarget | null = null,
): Promise<NamedStatement[]> {
  const { table } = opened;
  if (table === null) return writingStatements(opened, { after: null, through: null }, images);
  const through = await table.walk.boundary(tx, null, sampleRows);
  const bounds: Bounds = {
    after: through,
    through: (through && (await table.walk.boundary(tx, through, sampleRows))) ?? through,
  };
  const within: Bounds = bounds.after === bounds.through ? { after: null, through } : bounds;
  return [
    {
      name: "bound",
      statement: table.walk.boundStatement({ after: within.after, through: null }, sampleRows, sampleBytes),
    },
    ...writingStatements(opened, within, images),
  ];
}

function writingStatements(
  { table, write }: OpenedJob,
  bounds: Bounds,
  images: ImageTarget | null,
): NamedStatement[] {
  if (write.kind === "sql") {
    if (table === null) return [];
    return [{ name: "write", statement: write.sink.statement(bounds, table.condition(bounds), images) }];
  }
  const read = table === null ? [] : [{ name: "read" as const, statement: table.readStatement(bounds) }];
  return [...read, { name: "write", statement: write.sink.sample(bounds, images) }];
}
