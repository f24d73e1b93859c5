import type { Relation } from "../../postgres/catalog/relation.ts";
import type { WrittenTable } from "./opened-job.ts";
import { type AnySink, changedTable, insertOf } from "./resolve-job.ts";

/** The tables that a sink writes: the one that it inserts into, and the one whose rows it changes. */
export function writtenTables(sink: AnySink, from: Relation | null, into: Relation | null): WrittenTable[] {
  const changed = changedTable(sink);
  const insert = insertOf(sink);
  return [
    ...(into !== null && insert !== null
      ? [
          {
            relation: into,
            verb: "insert" as const,
            columns: insert.columns,
            overwrites: insert.onConflict?.do === "update",
            leavesOthers: insert.onConflict?.do === "nothing",
          },
        ]
      : []),
    ...(from !== null && changed !== null
      ? [
          {
            relation: from,
            verb: sink.columns.length > 0 ? ("update" as const) : ("delete" as const),
            columns: sink.columns,
            overwrites: true,
          },
        ]
      : []),
  ];
}
