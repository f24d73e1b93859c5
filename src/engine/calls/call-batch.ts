import type { Bounds } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import {
  BadRecord,
  type ReadableSource,
  type SourceRow,
  type TextRow,
} from "../../source/readable-source.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";
import { PortionSize } from "../rows/portion-size.ts";
import { ReadBudget } from "../rows/read-budget.ts";
import type { RowAnswers } from "../rows/row-answers.ts";
import type { RowWrite } from "../rows/row-write.ts";
import { Verdicts } from "../rows/verdicts.ts";
import { AskedRows } from "./asked-rows.ts";
import type { Asker } from "./asker.ts";
import type { AskedRow } from "./call.ts";
import type { CallHome } from "./call-home.ts";

/** What a batch of calls works with. */
interface CallTools {
  readonly source: ReadableSource;
  readonly rowAnswers: RowAnswers;
  readonly asker: Asker;
  readonly home: CallHome;
  readonly write: RowWrite;
}

/**
 * The batch of a job with `calls`: look, ask, write. Nothing is held while another system thinks. The write
 * locks the rows, and writes an answer only where the row is what the answer was made from.
 */
export class CallBatch implements BatchWork {
  readonly #tools: CallTools;
  readonly #portion = new PortionSize();
  readonly #changes = new Map<string, number>();

  constructor(tools: CallTools) {
    this.#tools = tools;
  }

  reasonAt(key: readonly string[], reason: string): string {
    return this.#tools.write.placed(key, reason);
  }

  async look(tx: Transaction, bounds: Bounds, expected: number): Promise<AskedRows> {
    const { source, asker, home } = this.#tools;
    const { kept } = home;
    const reading = (source.readUnlocked ?? source.read).call(source, tx, bounds, this.#portionRows);
    const budget = new ReadBudget(expected, this.#portion);
    const rows = await this.#readAll(reading, budget);
    source.walk.saw?.(expected, budget.bytes);
    const asked = rows.filter((row): row is TextRow => !(row instanceof BadRecord)).map(this.#asAsked);
    const known = await kept.find(
      tx,
      asked.map(({ id }) => id),
    );
    const again = {
      read: (now: Transaction, within: Bounds) => this.#readAgain(now, within, expected),
      asAsked: this.#asAsked,
      changes: this.#changes,
    };
    return new AskedRows(asked, known, { asker, kept, again });
  }

  async do(tx: Transaction, { bounds, sweep, clock, asked }: Batch): Promise<BatchOutcome> {
    if (!(asked instanceof AskedRows))
      throw new Error("A batch of calls was not asked about before its write.");
    const verdicts = new Verdicts();
    verdicts.isAsync = true;
    for (const { key, reason } of asked.bad) verdicts.rejects.push({ key, sqlstate: null, reason });
    for (const { row, answer } of asked.confirmed) this.#tools.rowAnswers.sort(row, answer, verdicts);
    const read = asked.confirmed.length + asked.bad.length;
    const { outcome } = await this.#tools.write.of(tx, verdicts, {
      bounds,
      sweep,
      clock,
      read,
      areLocked: true,
    });
    await this.#tools.home.kept.use(tx, asked.used);
    if (!this.#tools.asker.rules.isAtMostOnce) await this.#tools.home.kept.drop(tx, asked.gone);
    return outcome;
  }

  readonly #portionRows = (): number => this.#portion.rows;

  async #readAgain(tx: Transaction, bounds: Bounds, expected: number): Promise<readonly SourceRow[]> {
    const { source } = this.#tools;
    const reading =
      source.versions?.readLocked(tx, bounds, this.#portionRows) ??
      source.read(tx, bounds, this.#portionRows);
    return this.#readAll(reading, new ReadBudget(expected, this.#portion));
  }

  async #readAll(
    portions: AsyncGenerator<readonly SourceRow[]>,
    budget: ReadBudget,
  ): Promise<readonly SourceRow[]> {
    const rows: SourceRow[] = [];
    try {
      for await (const portion of portions) {
        budget.spend(portion);
        rows.push(...portion);
      }
    } finally {
      await portions.return(undefined);
    }
    return rows;
  }

  readonly #asAsked = (row: TextRow): AskedRow => {
    const { home, rowAnswers } = this.#tools;
    return home.askedRow(row, rowAnswers);
  };
}
