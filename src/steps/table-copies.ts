import { parseTableName } from "../job/columns/table.ts";
import type { Step, StepTable } from "../job/steps/steps.ts";
import { raw, Sql, sql } from "../postgres/sql/sql.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { madeElsewhere } from "./compare/same-table.ts";
import { columnOf, nameOf, relationExists, tableShown } from "./statements/catalogue.ts";

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const referred = new RegExp(String.raw`\sreferences\s+(${name}(?:\s*\.\s*${name})?)`, "giu");

/** Empty temporary copies of tables: no other session waits for what is done to them. */
export class TableCopies {
  readonly #db: Database;
  readonly #copied = new Map<string, StepTable>();

  /** `db` must keep temporary tables from one transaction to the next. */
  constructor(db: Database) {
    this.#db = db;
  }

  /** Copies those tables of the steps that exist. */
  async copy(steps: readonly Step[]): Promise<void> {
    for (const table of steps.flatMap(tablesOf)) {
      if (this.#copied.has(table.name)) continue;
      this.#copied.set(table.name, table);
      await this.#db.transaction(async (tx) => {
        if (!(await relationExists(tx, table))) return;
        await tx.query(
          sql`create temporary table ${columnOf(table.name)} (like ${nameOf(table)} including all)`,
        );
      });
    }
  }

  /** The name of a copy's original, for messages; null where the relation is not a copy. */
  shown(relation: string): string | null {
    const table = this.#copied.get(relation);
    return table === undefined ? null : tableShown(table);
  }

  /** The step changed to work on the copies; null where that is impossible. */
  redirected(step: Step): Step | null {
    switch (step.kind) {
      case "sql":
        return { ...step, up: step.up.map((text) => this.#elsewhere(text)) };
      case "create table": {
        const text = madeElsewhere(
          this.#elsewhere(step.statement).toString(),
          nameOf(copyOf(step.table)).toString(),
        );
        return text === null ? null : { ...step, table: copyOf(step.table), statement: raw(text) };
      }
      case "add constraint":
        return { ...step, table: copyOf(step.table), definition: this.#elsewhere(step.definition) };
      case "drop index":
        return step;
      default:
        return { ...step, table: copyOf(step.table) };
    }
  }

  #elsewhere(text: Sql): Sql {
    const tables = [...this.#copied.values()];
    const changed = tables.reduce((left, table) => {
      const [schema, own] = [table.schema, table.name].map((part) => spellings(part ?? "public"));
      const pattern = new RegExp(String.raw`(?<![\w."])(?:${schema}\s*\.\s*)?${own}(?![\w"]|\s*\.)`, "gu");
      return left.replaceAll(pattern, () => nameOf(copyOf(table)).toString());
    }, text.toString());
    return new Sql([changed], []);
  }
}

function spellings(part: string): string {
  const escaped = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const quoted = escaped(columnOf(part).toString());
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(part) ? `(?:${quoted}|${escaped(part)})` : quoted;
}

function copyOf({ name: of }: StepTable): StepTable {
  return { schema: "pg_temp", name: of };
}

function tablesOf(step: Step): StepTable[] {
  if (step.kind === "sql" || step.kind === "drop index") return [];
  const text =
    step.kind === "add constraint" ? step.definition : step.kind === "create table" ? step.statement : "";
  const referredTo = [...text.toString().matchAll(referred)].map(([, other = ""]) => parseTableName(other));
  return [step.table, ...referredTo];
}
