import { UsageError } from "../../errors.ts";
import { ColumnCodec } from "../../job/columns/column-codec.ts";
import { AnswerError } from "../../job/columns/column-value-error.ts";

/** The text that was read for a column of the answer's row; undefined where it was not read. */
export type ReadTexts = (column: string) => string | null | undefined;

/** Converts what a transform returns to the texts of a sink's columns. */
export class RowEncoder {
  readonly #columns: readonly { readonly name: string; readonly codec: ColumnCodec }[];
  readonly #names: ReadonlySet<string>;

  constructor(types: Readonly<Record<string, string>>, columns: readonly string[]) {
    this.#columns = columns.map((name) => ({ name, codec: new ColumnCodec(name, types[name] ?? "") }));
    this.#names = new Set(columns);
  }

  codec(name: string): ColumnCodec {
    const found = this.#columns.find((column) => column.name === name);
    if (found === undefined) throw new UsageError(`The sink does not write ${name}.`);
    return found.codec;
  }

  /** @throws AnswerError for a value that does not fit, and for a column that the sink does not write */
  encode(answer: object, read: ReadTexts = () => undefined): readonly (string | null)[] {
    const given = answer as Readonly<Record<string, unknown>>;
    const strange = Object.keys(given).find((name) => !this.#names.has(name));
    if (strange !== undefined) {
      const known = `the sink writes ${this.#columns.map((column) => column.name).join(", ")}`;
      throw new AnswerError(
        `the transform returned "${strange}", which the sink does not write; ${known}`,
        `the transform returned a column that the sink does not write; ${known}`,
      );
    }
    return this.#columns.map(({ name, codec }) => codec.encode(given[name], read(name)));
  }
}
