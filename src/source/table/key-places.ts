import type { Bounds } from "../../postgres/catalog/key.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { HeapPlace } from "./heap-tables.ts";
import type { OpenedTable } from "./opened-table.ts";

/** Where the rows between two bounds are read, for a statement of one's own. */
export interface Places {
  place(bounds: Bounds): HeapPlace;
}

/** Rows by their keys, where only some ranges of them are to be looked at. */
export class KeyPlaces implements Places {
  readonly #table: OpenedTable;

  constructor(table: OpenedTable) {
    this.#table = table;
  }

  place(bounds: Bounds): HeapPlace {
    const { relation, key } = this.#table;
    return { from: sql`${qualifiedName(relation)} as ${raw(key.alias)}`, within: key.within(bounds) };
  }
}
