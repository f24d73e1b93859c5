import { UsageError } from "../../errors.ts";
import { ColumnCodec, ColumnValueError } from "../../job/columns/column-codec.ts";
import type { Columns, RowOf } from "../../job/columns/table.ts";
import type { SourceDefinition } from "../../job/definition/job-definition.ts";
import { ColumnInput } from "../columns/column-input.ts";
import { declareColumns } from "../columns/declared-columns.ts";

/** The values of one row as PostgreSQL's texts, in the order of the declared columns. */
export type InlineTexts = readonly (string | null)[];

/** Rows that are written in the job itself. */
export class InlineRows<Row = object> implements SourceDefinition<Row> {
  declare readonly yields?: Row;
  readonly columns: Columns;
  readonly values: readonly InlineTexts[];

  constructor(columns: Columns, values: readonly InlineTexts[]) {
    this.columns = columns;
    this.values = values;
    Object.freeze(this);
  }

  describe(): unknown {
    return { kind: "rows", columns: Object.entries(this.columns), values: this.values };
  }
}

/** The rows of a list; each has a value for every declared column, null where the column is nullable. */
export function rows<const C extends Columns>(
  list: readonly NoInfer<RowOf<C>>[],
  options: { readonly columns: C },
): InlineRows<RowOf<C>> {
  if (!Array.isArray(list)) {
    throw new UsageError("rows(…) needs a list of rows.", {
      remedy: 'Write rows([{ name: "a" }, { name: "b" }], { columns: { name: "text" } }).',
    });
  }
  const columns = declareColumns((options as typeof options | undefined)?.columns as C, "rows([…])");
  const cells = Object.entries(columns).map(([name, type]) => new InlineColumn(name, type));
  const values = list.map((row: unknown, index) => {
    requireShape(row, columns, index);
    return Object.freeze(cells.map((cell) => cell.encode(row, index)));
  });
  return new InlineRows(columns, Object.freeze(values));
}

function requireShape(row: unknown, columns: Columns, index: number): asserts row is Record<string, unknown> {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw new UsageError(`Row ${index} of rows([…]) is not an object.`, {
      remedy: "Write each row as { column: value }; the first row is row 0.",
    });
  }
  const unknown = Object.keys(row).find((name) => !Object.hasOwn(columns, name));
  if (unknown !== undefined) {
    throw new UsageError(`Row ${index} of rows([…]) has ${unknown}, which is not among its columns.`, {
      remedy: `Declare ${unknown} in \`columns\`, or remove it from the row; the first row is row 0.`,
    });
  }
}

/** One column of inline rows: a value becomes PostgreSQL's text and is checked like a value of a file. */
class InlineColumn {
  readonly #name: string;
  readonly #type: string;
  readonly #codec: ColumnCodec;
  readonly #input: ColumnInput;

  constructor(name: string, type: string) {
    this.#name = name;
    this.#type = type;
    this.#codec = new ColumnCodec(name, type);
    this.#input = new ColumnInput(name, type);
  }

  /** @throws UsageError when the row has no value for the column, or one that does not fit */
  encode(row: Record<string, unknown>, index: number): string | null {
    const value = Object.hasOwn(row, this.#name) ? row[this.#name] : undefined;
    try {
      const text = this.#codec.encode(value);
      return text === null ? null : this.#input.fromText(text);
    } catch (error) {
      if (!(error instanceof ColumnValueError)) throw error;
      // The codec's message speaks of a transform's answer, which would mislead here.
      throw new UsageError(
        `Row ${index} of rows([…]): column ${this.#name} (${this.#type}) cannot take the ${kindOf(value)} given for it.`,
        { remedy: `Give a value that fits ${this.#type}; the first row is row 0.` },
      );
    }
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
