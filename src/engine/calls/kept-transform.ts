import type { Queryable } from "../../postgres/transaction/database.ts";
import { BadRecord, type SourceRow, type TextRow } from "../../source/readable-source.ts";
import { answerId } from "../../store/answers.ts";
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
  readonly #home: CallHome | null;

  /** `home` is null where the run keeps no answers. */
  constructor(db: Queryable, rowAnswers: RowAnswers, home: CallHome | null) {
    this.#db = db;
    this.#rowAnswers = rowAnswers;
    this.#home = home;
  }

  async apply(portion: readonly SourceRow[], verdicts: Verdicts): Promise<void> {
    const home = this.#home;
    const rows = portion.filter((row): row is TextRow => !(row instanceof BadRecord));
    if (home === null) {
      verdicts.unanswered += rows.length;
      return;
    }
    const asked = rows.map((row) => home.askedRow(row, this.#rowAnswers));
    const known = await home.kept.find(
      this.#db,
      asked.map(({ key }) => answerId(key)),
    );
    for (const { row, key, input } of asked) {
      const kept = known.get(answerId(key));
      if (kept?.answer != null && kept.input === input) this.#rowAnswers.sort(row, kept.answer, verdicts);
      else verdicts.unanswered += 1;
    }
  }
}
