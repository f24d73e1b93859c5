import { JobError, UsageError } from "../errors.ts";
import { ColumnCodec } from "../job/column-codec.ts";

/** Turns what a transform answers into the texts of a sink's columns. */
export class RowEncoder {
  readonly #columns: readonly { readonly name: string; readonly codec: ColumnCodec }[];

  constructor(types: Readonly<Record<string, string>>, columns: readonly string[]) {
    this.#columns = columns.map((name) => ({ name, codec: new ColumnCodec(name, types[name] ?? "") }));
  }

  codec(name: string): ColumnCodec {
    const found = this.#columns.find((column) => column.name === name);
    if (found === undefined) throw new UsageError(`The sink does not write ${name}.`);
    return found.codec;
  }

  /** @throws ColumnValueError for a value that its column cannot take; JobError for a column that the sink does not write */
  encode(answer: object): readonly (string | null)[] {
    const given = answer as Readonly<Record<string, unknown>>;
    const strange = Object.keys(given).find((name) => !this.#columns.some((column) => column.name === name));
    if (strange !== undefined) {
      throw new JobError(`The transform answered "${strange}", which the sink does not write.`, {
        remedy: `Answer only ${this.#columns.map((column) => column.name).join(", ")}, or add the column to the sink.`,
      });
    }
    return this.#columns.map(({ name, codec }) => codec.encode(given[name]));
  }
}
