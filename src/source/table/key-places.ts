import type { Bounds } from "../../postgres/catalog/key.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { HeapPlace } from "./heap-tables.ts";
import type { OpenedTable } from "./opened-table.ts";

/** SQL for the rows between two bounds, for a caller's own statement. */
export interface Places {
  place(bounds: Bounds): HeapPlace;
}

/** Rows by their keys, for reading only some ranges of them. */
export function keyPlaces({ relation, key }: OpenedTable): Places {
  const from = sql`${qualifiedName(relation)} as ${raw(key.alias)}`;
  return { place: (bounds) => ({ from, within: key.within(bounds) }) };
}
