import type { KeyText } from "../../postgres/catalog/key.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { SqlComparing } from "../../sink/write/comparing.ts";
import type { Places } from "../../source/table/key-places.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import { type Batch, type BatchOutcome, type BatchWork, nothingDone } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";
import { comparedScope, note, settle } from "./compared-scope.ts";

interface Tools {
  readonly table: OpenedTable;
  readonly places: Places;
  readonly comparing: SqlComparing;
  readonly rejects: KnownRejects | null;
}

/** The batch of a verify of an SQL job: the expressions are evaluated again over a range of blocks. */
export class SqlComparison implements BatchWork {
  readonly #tools: Tools;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  async do(tx: Transaction, { bounds, clock }: Batch): Promise<BatchOutcome> {
    const { table, places } = this.#tools;
    const { from, within } = places.place(bounds);
    const look = (where: Sql) => clock.during("read", () => this.#differences(tx, from, where));
    const { rows } = await clock.during("read", () =>
      tx.query(sql`select pg_catalog.count(*) as rows
        from ${from}
        where ${this.#scope(within)}`),
    );
    const found = await look(within);
    const read = Number(rows[0]?.rows ?? 0);
    if (found.length === 0) return { ...nothingDone, read };
    // Compare differing rows again, since the application may be in the middle of writing them.
    await clock.during("waiting", settle);
    const still = await look(sql`${within} and ${table.key.among(found)}`);
    return { ...nothingDone, read, conflicted: still.length, notes: still.map(note) };
  }

  async #differences(tx: Transaction, from: Sql, within: Sql): Promise<KeyText[]> {
    const { comparing } = this.#tools;
    const query = comparing.differences({ from, inScope: this.#scope(within) });
    const { rows } = await tx.query(query);
    return rows.map((row) => JSON.parse(row.key ?? "[]") as KeyText);
  }

  #scope(within: Sql): Sql {
    const { table, comparing, rejects } = this.#tools;
    return comparedScope(table, within, comparing.shouldBeGone, rejects);
  }
}
