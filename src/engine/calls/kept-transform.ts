import type { Queryable } from "../../postgres/transaction/database.ts";
import { BadRecord, type SourceRow, type TextRow } from "../../source/readable-source.ts";
import type { RowAnswers } from "../rows/row-answers.ts";
import type { Verdicts } from "../rows/verdicts.ts";
import type { CallHome } from "./call-home.ts";

/**
 * What a run's transform answered, from the answers that the run keeps: a verify asks no other system again.
 * A row without a kept answer for what it is now cannot be compared.
 */
export class KeptTransform {
  readonly #db: Queryable;
  readonly #rowAnswers: RowAnswers;
  readonly #homes: readonly CallHome[];

  /** `homes` are of the run, and of those whose rejects it has tried again; without any, nothing is compared. */
  constructor(db: Queryable, rowAnswers: RowAnswers, homes: readonly CallHome[]) {
    this.#db = db;
    this.#rowAnswers = rowAnswers;
    this.#homes = homes;
  }

  async apply(portion: readonly SourceRow[], verdicts: Verdicts): Promise<void> {
    let open = portion.filter((row): row is TextRow => !(row instanceof BadRecord));
    for (const home of this.#homes) open = await this.#answered(open, home, verdicts);
    verdicts.unanswered += open.length;
  }

  /** Sorts the rows that have an answer there. Returns the rest. */
  async #answered(rows: readonly TextRow[], home: CallHome, verdicts: Verdicts): Promise<TextRow[]> {
    const asked = rows.map((row) => home.askedRow(row, this.#rowAnswers));
    const known = await home.kept.find(
      this.#db,
      asked.map(({ id }) => id),
    );
    const rest: TextRow[] = [];
    for (const { row, id, input } of asked) {
      const kept = known.get(id);
      if (kept?.answer != null && kept.input === input) this.#rowAnswers.sort(row, kept.answer, verdicts);
      else rest.push(row);
    }
    return rest;
  }
}
