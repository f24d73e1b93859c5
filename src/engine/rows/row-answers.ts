import { JobError, messageOf } from "../../errors.ts";
import { AnswerError } from "../../job/columns/column-value-error.ts";
import { letGo } from "../../job/columns/write-json.ts";
import { Later } from "../../job/definition/later.ts";
import { Verdict } from "../../job/definition/verdict.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { ReadTexts } from "../../sink/write/row-encoder.ts";
import type { RowSink } from "../../sink/write/sink.ts";
import { type ReadableSource, reasonAt, type TextRow } from "../../source/readable-source.ts";
import type { Reject } from "../../store/rejects/rejects.ts";
import type { Verdicts } from "./verdicts.ts";

/** What a transform's answer for one row comes to, as plain data. */
export type RowAnswer =
  /** the texts of the sink's columns, for one row, several or none */
  | { readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly skip: true }
  | { readonly reject: string };

/** Decodes rows for a transform, and reads its answers. A bad answer rejects its row and no other. */
export class RowAnswers {
  readonly #source: ReadableSource;
  readonly #sink: RowSink;
  /** reasons and errors of the transform may contain a person's values, so they are not kept */
  readonly #isPersonal: boolean;
  readonly #versionAt: number | undefined;
  /** The positions of JSON columns: JSON that the transform does not change is written as it was read. */
  readonly #jsonAt: ReadonlyMap<string, number>;

  constructor(source: ReadableSource, sink: RowSink, isPersonal: boolean) {
    this.#source = source;
    this.#sink = sink;
    this.#isPersonal = isPersonal;
    this.#versionAt = source.versions?.at;
    this.#jsonAt = new Map(
      source.columns.filter(({ codec }) => codec.isJson).map(({ name, at }) => [name, at]),
    );
  }

  /** The row as the transform gets it. */
  decode(row: TextRow): object {
    const decoded: Record<string, unknown> = {};
    for (const { name, at, codec } of this.#source.columns) decoded[name] = codec.decode(row[at] ?? null);
    return decoded;
  }

  /** The texts of everything that the transform is given. */
  readTexts(row: TextRow): TextRow {
    return row.slice(0, Math.max(this.#source.keyWidth, ...this.#source.columns.map(({ at }) => at + 1)));
  }

  keyOf(row: TextRow): KeyText {
    this.#requireKey(row);
    return row.slice(0, this.#source.keyWidth) as KeyText;
  }

  /** What an answer comes to, whether it was returned or thrown. */
  read(row: TextRow, answer: unknown): RowAnswer {
    try {
      if (answer instanceof Thrown) throw answer.error;
      if (answer instanceof Later) return { reject: laterNeedsCalls };
      if (!(answer instanceof Verdict)) return { rows: this.#encode(row, answer) };
      return answer.kind === "skip" ? { skip: true } : { reject: this.#said(answer.reason) };
    } catch (error) {
      // Getters, proxies and toJSON of the answer are user code too, and may throw.
      return { reject: this.threw(error) };
    }
  }

  /** Adds a row with its answer to those of its batch. */
  sort(row: TextRow, answer: RowAnswer, verdicts: Verdicts): void {
    if ("skip" in answer) verdicts.skipped += 1;
    else if ("reject" in answer) verdicts.rejects.push(this.#refusal(this.keyOf(row), answer.reject));
    else {
      this.#requireKey(row);
      const { rows } = verdicts;
      rows.keys.push(row, 0, this.#source.keyWidth);
      if (this.#versionAt !== undefined) rows.versions.push(row, this.#versionAt, this.#versionAt + 2);
      for (const values of answer.rows) rows.push(values);
    }
  }

  #requireKey(row: TextRow): void {
    for (let at = 0; at < this.#source.keyWidth; at += 1)
      if (row[at] === null) throw new JobError("A key was read as null.");
  }

  /** What was thrown, in words without a person's values. */
  threw(error: unknown): string {
    try {
      if (error instanceof AnswerError) return this.#isPersonal ? error.plainMessage : error.message;
      if (!this.#isPersonal) return `the transform threw: ${messageOf(error)}${causeOf(error)}`;
      // `name` could hold any text, even a value of a row, so use it only when it looks like a class name.
      const isNamed = error instanceof Error && /^[A-Z][A-Za-z]{0,60}$/.test(error.name);
      return `the transform threw ${isNamed ? error.name : "something"}`;
    } catch {
      return "the transform threw something that has no message";
    }
  }

  /** Why the other system wants no calls, in words without a person's values. */
  whyWait(why: string): string {
    return this.#isPersonal && !/^answers \d{3}$/.test(why) ? "asks to wait" : why;
  }

  #said(reason: string | null): string {
    if (this.#isPersonal) return "rejected by the transform";
    return reason ?? "rejected without a reason";
  }

  #encode(row: TextRow, answer: unknown): (readonly (string | null)[])[] {
    const answers: readonly unknown[] = this.#sink.takesMany && Array.isArray(answer) ? answer : [answer];
    if (!answers.every(isRow)) {
      for (const each of answers) letGo(each);
      throw new AnswerError(notARow, notARow);
    }
    const read: ReadTexts =
      this.#jsonAt.size === 0 ? nothing : (column) => row[this.#jsonAt.get(column) ?? row.length];
    return answers.map((each) => this.#sink.encode(each, read));
  }

  #refusal(key: KeyText, reason: string): Reject {
    return { key, sqlstate: null, reason: reasonAt(this.#source, key, reason) };
  }
}

const nothing: ReadTexts = () => undefined;

/** `fetch failed` says nothing without the code in its cause: ECONNREFUSED, ENOTFOUND. */
function causeOf(error: unknown): string {
  const { cause } = (error ?? {}) as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === "string" ? ` (${cause.code})` : "";
}

const notARow = "the transform returned neither a row nor skip() nor reject()";
const laterNeedsCalls = "the transform said later(), which only a job with `calls` can do";

function isRow(answer: unknown): answer is object {
  return (
    typeof answer === "object" && answer !== null && !Array.isArray(answer) && !(answer instanceof Promise)
  );
}

/** What a transform threw; distinct from an Error that it may return by mistake. */
export class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
