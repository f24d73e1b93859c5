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

/** The tables that a run's checkpoints are about: with others of the same names, or with other rows in them, they mean nothing. */
export class RunTables {
  readonly #run: Pick<Run, "id" | "job" | "kind" | "tables">;
  readonly #sweeps: boolean;

  /** `sweeps` tells that the run goes over all keys again until no row is pending: then a rewrite can make it miss none. */
  constructor(run: Pick<Run, "id" | "job" | "kind" | "tables">, sweeps: boolean) {
    this.#run = run;
    this.#sweeps = sweeps;
  }

  /** The condition that they are what they were, for the last statement of a batch. */
  get condition(): Sql {
    if (this.#run.tables.length === 0) return raw("true");
    return sameTables(this.#run.tables, { files: !this.#sweeps, isWhole: this.#isWhole });
  }

  /** Addresses of rows mean nothing when a file has changed; keys do. */
  get #isWhole(): boolean {
    return this.#run.kind !== "run";
  }

  /** What has become of the first of them that is another now; null where all are the same. */
  async change(db: Queryable): Promise<TableChangedError | null> {
    for (const table of this.#run.tables) {
      const change = await changeOf(db, table, this.#isWhole);
      if (change === "replaced" || (change === "rewritten" && !this.#sweeps))
        return this.#error(table, change);
    }
    return null;
  }

  /** The same at the end of a run: rows that came with a partition may lie behind it. */
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
        `The rows of ${name} do not lie any more where they lay when run ${id} began: by vacuum full, cluster, pg_repack, truncate or other partitions.`,
        `tidefill resume ${id}   begins the ${kind} again from the first row`,
      );
    }
    return change === "replaced"
      ? new TableChangedError(
          `${name} is another table now than when run ${id} began: the old one was renamed or dropped. Nothing was written to the new one.`,
          `Bring the old one back and type: tidefill resume ${job}   If the new one holds the rows that the run has done, as it left them: tidefill resume ${job} --accept-changes   Else give the run up: tidefill cancel ${job}`,
        )
      : new TableChangedError(
          `${name} was rewritten since run ${id} began.`,
          `After vacuum full, cluster, pg_repack or alter table its rows are the same: tidefill resume ${job} --accept-changes   After truncate they are not: tidefill cancel ${job}   then: tidefill run ${job}, which does all rows that are there now`,
        );
  }

  #attached({ name }: TableIdentity, partition: string): TableChangedError {
    const { id, job } = this.#run;
    return new TableChangedError(
      `The partition ${partition} was attached to ${name} with rows in it after run ${id} began: those behind the run were not done.`,
      `Do its rows that are left by a job of their own, then: tidefill resume ${job} --accept-changes   A job with \`pending\` finds such rows by itself.`,
    );
  }
}

/** The tables that the run of a job reads and writes, as they are now. @throws RefusedError for one that has just vanished */
export async function identitiesOf(db: Queryable, opened: OpenedJob): Promise<readonly TableIdentity[]> {
  const relations = [
    ...(opened.table === null ? [] : [opened.table.relation]),
    ...opened.writes.map(({ relation }) => relation),
  ];
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  return Promise.all([...byOid.values()].map((relation) => requireIdentity(db, relation)));
}
