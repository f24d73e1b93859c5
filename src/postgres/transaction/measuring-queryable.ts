import { type Sql, sql } from "../sql/sql.ts";
import type { Queryable, Result } from "./database.ts";

/** What PostgreSQL measured of the statements that it ran. */
export interface MeasuredWrites {
  /** bytes of write-ahead log, including full-page images */
  readonly walBytes: number;
  /** triggers and how often each was called, including the checks of foreign keys */
  readonly triggers: readonly { readonly name: string; readonly calls: number }[];
}

interface RawNode {
  readonly "Node Type": string;
  readonly "WAL Bytes"?: number;
  readonly Plans?: readonly RawNode[];
}

interface RawTrigger {
  readonly "Trigger Name"?: string;
  readonly "Constraint Name"?: string;
  readonly Calls: number;
}

/**
 * Runs statements that write under `explain (analyze, wal)`: they take effect, but return no rows. Only for
 * transactions that are rolled back.
 */
export class MeasuringQueryable implements Queryable {
  readonly #db: Queryable;
  #walBytes = 0;
  readonly #triggers = new Map<string, number>();

  constructor(db: Queryable) {
    this.#db = db;
  }

  get measured(): MeasuredWrites {
    return {
      walBytes: this.#walBytes,
      triggers: [...this.#triggers].map(([name, calls]) => ({ name, calls })),
    };
  }

  async query(statement: Sql): Promise<Result> {
    if (!/^\s*(with|insert|update|delete)\b/.test(statement.toString())) return this.#db.query(statement);
    const { rows } = await this.#db.query(sql`explain (analyze, wal, format json) ${statement}`);
    const [plan] = JSON.parse(rows[0]?.["QUERY PLAN"] ?? "[]") as readonly {
      readonly Plan: RawNode;
      readonly Triggers?: readonly RawTrigger[];
    }[];
    if (plan !== undefined) this.#walBytes += walOf(plan.Plan);
    for (const trigger of plan?.Triggers ?? []) {
      const name = trigger["Constraint Name"] ?? trigger["Trigger Name"] ?? "";
      this.#triggers.set(name, (this.#triggers.get(name) ?? 0) + trigger.Calls);
    }
    return { rows: [], count: 0 };
  }
}

/** The WAL of the nodes that write; the nodes above would count it again. */
function walOf(node: RawNode): number {
  if (node["Node Type"] === "ModifyTable") return node["WAL Bytes"] ?? 0;
  return (node.Plans ?? []).reduce((sum, child) => sum + walOf(child), 0);
}
