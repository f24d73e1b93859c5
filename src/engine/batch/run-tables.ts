import { TableChangedError } from "../../errors.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import {
  changeOf,
  partitionsAttachedSince,
  requireIdentity,
  sameTables,
  type TableChange,
  type TableIdentity,
} from "../../postgres/catalog/table-identity.ts";
import { raw, type Sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";

/** The tables of a run. Its checkpoints are void if a table is replaced or its rows are. */
export class RunTables {
  readonly #run: Pick<Run, "id" | "job" | "kind" | "tables">;
  readonly #sweeps: boolean;

  /** `sweeps`: the run goes over all keys again until no row is pending, so a rewrite cannot hide a row. */
  constructor(run: Pick<Run, "id" | "job" | "kind" | "tables">, sweeps: boolean) {
    this.#run = run;
    this.#sweeps = sweeps;
  }

  /** The condition that the tables are unchanged, for the last statement of a batch. */
  get condition(): Sql {
    if (this.#run.tables.length === 0) return raw("true");
    return sameTables(this.#run.tables, { files: !this.#sweeps, isWhole: this.#isWhole });
  }

  /** Whether checkpoints are row addresses, which a rewritten file makes void, unlike keys. */
  get #isWhole(): boolean {
    return this.#run.kind !== "run";
  }

  /** The error for the first table that has changed; null where none has. */
  async change(db: Queryable): Promise<TableChangedError | null> {
    for (const table of this.#run.tables) {
      const change = await changeOf(db, table, this.#isWhole);
      if (change === "replaced" || (change === "rewritten" && !this.#sweeps))
        return this.#error(table, change);
    }
    return null;
  }

  /** The same at the end of a run: a partition attached since may have rows before the checkpoints. */
  async changeAtEnd(db: Queryable): Promise<TableChangedError | null> {
    if (this.#isWhole) return this.change(db);
    if (this.#sweeps) return null;
    for (const table of this.#run.tables) {
      const [partition] = await partitionsAttachedSince(db, table);
      if (partition !== undefined) return this.#attached(table, partition);
    }
    return null;
  }

  #error({ name }: TableIdentity, change: Exclude<TableChange, null>): TableChangedError {
    const { id, job, kind } = this.#run;
    if (kind !== "run") {
      return new TableChangedError(
        `The rows of ${name} have moved since run ${id} began: vacuum full, cluster, pg_repack, truncate or a change of partitions does that.`,
        `tidefill resume ${id}   begins the ${kind} again from the first row`,
      );
    }
    return change === "replaced"
      ? new TableChangedError(
          `${name} is another table now than when run ${id} began: the old one was renamed or dropped. Nothing was written to the new one.`,
          `Bring the old one back, then: tidefill resume ${job}   If the new one holds the run's rows as the run left them: tidefill resume ${job} --accept-changes   Else give the run up: tidefill cancel ${job}`,
        )
      : new TableChangedError(
          `${name} was rewritten since run ${id} began.`,
          `After vacuum full, cluster, pg_repack or alter table its rows are the same: tidefill resume ${job} --accept-changes   After truncate they are not: tidefill cancel ${job}   then: tidefill run ${job}, which does all rows that are there now`,
        );
  }

  #attached({ name }: TableIdentity, partition: string): TableChangedError {
    const { id, job } = this.#run;
    return new TableChangedError(
      `The partition ${partition} was attached to ${name} with rows in it after run ${id} began. The run has not done those that it had already passed.`,
      `Do the missing rows with a job of their own, then: tidefill resume ${job} --accept-changes   A job with \`pending\` finds such rows by itself.`,
    );
  }
}

/** The tables that a job's run reads and writes, as they are now. @throws RefusedError for a vanished one */
export async function identitiesOf(db: Queryable, opened: OpenedJob): Promise<readonly TableIdentity[]> {
  const relations = [
    ...(opened.table === null ? [] : [opened.table.relation]),
    ...opened.writes.map(({ relation }) => relation),
  ];
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  return Promise.all([...byOid.values()].map((relation) => requireIdentity(db, relation)));
}
