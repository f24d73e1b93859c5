import { isDeepStrictEqual } from "node:util";
import type { Transform } from "../../job/definition/define-job.ts";
import { Verdict } from "../../job/definition/verdict.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";

/** Finds the columns that a transform returns for every row as it has read them: the insert could keep them. */
export class ReturnedAsRead {
  readonly #columns: Set<string>;
  #hasSeen = false;

  constructor({ table, writes }: OpenedJob) {
    const target = writes.find(({ verb }) => verb === "insert");
    // A move cannot keep generated columns, and a value of another type is converted in another way.
    const fitting = (target?.columns ?? []).filter((name) => {
      const [from, into] = [columnOf(table?.relation, name), columnOf(target?.relation, name)];
      return from?.isGenerated === false && from.baseType === into?.baseType;
    });
    this.#columns = new Set(fitting);
  }

  /** In the order of the target; empty before the first answer. */
  get columns(): readonly string[] {
    return this.#hasSeen ? [...this.#columns] : [];
  }

  /** The same job, whose answers are compared with what was read. */
  watch(opened: OpenedJob): OpenedJob {
    const { write } = opened;
    if (write.kind !== "rows" || (opened.job.calls?.rowsPerCall ?? null) !== null || this.#columns.size === 0)
      return opened;
    const transform: Transform = (row, context) => {
      // A transform may change the row that it got and return it.
      const read = structuredClone(row);
      const answer = write.transform(row, context);
      if (answer instanceof Promise) return answer.then((settled) => this.#compared(read, settled));
      return this.#compared(read, answer);
    };
    return { ...opened, write: { ...write, transform } };
  }

  #compared<Answer>(row: object, answer: Answer): Answer {
    if (answer instanceof Verdict || typeof answer !== "object" || answer === null) return answer;
    this.#hasSeen = true;
    // Rows that become several are made by the transform, and rows of other shapes are refused elsewhere.
    if (Array.isArray(answer)) this.#columns.clear();
    const [read, given] = [row, answer] as Readonly<Record<string, unknown>>[];
    for (const name of this.#columns)
      if (!(name in (read ?? {})) || !isDeepStrictEqual(read?.[name], given?.[name]))
        this.#columns.delete(name);
    return answer;
  }
}

function columnOf(relation: Relation | undefined, name: string): Column | undefined {
  return relation?.columns.find((column) => column.name === name);
}
