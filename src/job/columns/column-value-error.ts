/** A transform's answer that cannot be written; its row is rejected. Neither message contains a value. */
export class AnswerError extends Error {
  /** the same without names from the transform's answer, which may be values as well */
  readonly plainMessage: string;

  constructor(message: string, plainMessage: string) {
    super(message);
    this.name = "AnswerError";
    this.plainMessage = plainMessage;
  }
}

/** A value that does not fit its column's declared type. `path` tells where in the value. */
export class ColumnValueError extends AnswerError {
  constructor(column: string, type: string, problem: string, path?: string) {
    const plain = `column ${column} (${type}): ${problem}`;
    super(path === undefined ? plain : `${plain}, at ${path}`, plain);
    this.name = "ColumnValueError";
  }
}
