/** What a transform answered and cannot be written; its row is rejected. Neither message holds a value. */
export class AnswerError extends Error {
  /** the same without any name that the transform has given, which may be a value, too */
  readonly plainMessage: string;

  constructor(message: string, plainMessage: string) {
    super(message);
    this.name = "AnswerError";
    this.plainMessage = plainMessage;
  }
}

/** A value that a column of its declared type cannot take. `path` says where in it. */
export class ColumnValueError extends AnswerError {
  constructor(column: string, type: string, problem: string, path?: string) {
    const plain = `column ${column} (${type}): ${problem}`;
    super(path === undefined ? plain : `${plain}, at ${path}`, plain);
    this.name = "ColumnValueError";
  }
}
