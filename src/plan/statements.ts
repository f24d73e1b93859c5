import type { Transaction } from "../postgres/database.ts";
import type { Bounds } from "../postgres/key.ts";
import type { Sql } from "../postgres/sql.ts";
import { sql } from "../postgres/sql.ts";
import { withPendingCounted } from "../sink/written.ts";
import type { OpenedJob } from "./opened-job.ts";

export interface NamedStatement {
  readonly name: "bound" | "read" | "write";
  readonly statement: Sql;
}

const sampleRows = 1_000;
const sampleBytes = 4_194_304;

/** The very statements of a batch, with the bounds of the job's first one. */
export async function sampleStatements(tx: Transaction, opened: OpenedJob): Promise<NamedStatement[]> {
  const { source } = opened;
  const through = await source.walk.boundary(tx, null, sampleRows);
  const bounds: Bounds = {
    after: through,
    through: (through && (await source.walk.boundary(tx, through, sampleRows))) ?? through,
  };
  const within: Bounds = bounds.after === bounds.through ? { after: null, through } : bounds;
  return [
    {
      name: "bound",
      statement: source.walk.boundStatement({ after: within.after, through: null }, sampleRows, sampleBytes),
    },
    ...writingStatements(opened, within),
  ];
}

function writingStatements({ source, write }: OpenedJob, bounds: Bounds): NamedStatement[] {
  const { pending } = source.definition;
  const counted = (update: Sql): Sql => (pending === null ? update : withPendingCounted(update, pending));
  if (write.kind === "sql") {
    return [{ name: "write", statement: counted(write.sink.statement(sql`${source.condition(bounds)}`)) }];
  }
  const one = (count: number): unknown[] => Array.from({ length: count }, () => []);
  const update = write.sink.statement(bounds, one(source.key.columns.length), one(write.sink.width));
  return [
    { name: "read", statement: source.readStatement(bounds) },
    { name: "write", statement: counted(update) },
  ];
}
