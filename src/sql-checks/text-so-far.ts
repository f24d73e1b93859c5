import { addedConstraints, alterations } from "./alterations.ts";
import { dotted, nameOf } from "./names.ts";
import type { StatementContext } from "./rule.ts";
import type { Node, TypeName } from "./syntax.ts";

/** What was known before the first statement of a text. */
export interface Beforehand {
  readonly isTransactional: boolean;
  readonly isRetried: boolean;
  readonly tablesCreatedBefore: Iterable<string>;
  readonly columnTypes: ReadonlyMap<string, TypeName>;
  readonly statements: number;
}

/** Reads a text from its first statement to its last, and knows what the statements before have done. */
export class TextSoFar {
  readonly #beforehand: Beforehand;
  readonly #created: Set<string>;
  readonly #notValid = new Set<string>();
  readonly #validated = new Set<string>();
  #isInside: boolean;

  constructor(beforehand: Beforehand) {
    this.#beforehand = beforehand;
    this.#created = new Set(beforehand.tablesCreatedBefore);
    this.#isInside = beforehand.isTransactional;
  }

  /** What the next statement finds. */
  context(): StatementContext {
    return {
      isTransactional: this.#isInside,
      isCallersTransaction: this.#beforehand.isTransactional,
      isRetried: this.#beforehand.isRetried,
      isAlone: this.#beforehand.statements === 1,
      tablesCreatedBefore: new Set(this.#created),
      notValidBefore: new Set(this.#notValid),
      tablesValidatedBefore: new Set(this.#validated),
      columnTypes: this.#beforehand.columnTypes,
    };
  }

  /** Goes past a statement. */
  pass(statement: Node): void {
    for (const table of createdBy(statement)) this.#created.add(table);
    if ("DropStmt" in statement) {
      for (const object of statement.DropStmt.objects ?? []) this.#created.delete(dotted([object]) ?? "");
    }
    if ("RenameStmt" in statement && statement.RenameStmt.renameType === "OBJECT_TABLE") {
      const { relation, newname } = statement.RenameStmt;
      if (this.#created.delete(nameOf(relation) ?? "")) {
        this.#created.add(nameOf({ ...relation, relname: newname ?? "" }) ?? "");
      }
    }
    this.#passConstraints(statement);
    if ("TransactionStmt" in statement) this.#passBoundary(statement.TransactionStmt.kind);
  }

  #passConstraints(statement: Node): void {
    for (const { table, constraint } of addedConstraints(statement)) {
      if (constraint.skip_validation === true) this.#notValid.add(`${table}.${constraint.conname}`);
    }
    for (const { table } of alterations(statement, "AT_ValidateConstraint")) this.#validated.add(table ?? "");
  }

  #passBoundary(kind: string | undefined): void {
    if (kind === "TRANS_STMT_BEGIN" || kind === "TRANS_STMT_START") this.#isInside = true;
    if (kind !== "TRANS_STMT_COMMIT" && kind !== "TRANS_STMT_ROLLBACK") return;
    this.#isInside = false;
    this.#notValid.clear();
  }
}

/** The tables and materialized views that a statement makes; with `if not exists`, too, since it is hoped to. */
function createdBy(statement: Node): readonly string[] {
  const made = () => {
    if ("CreateStmt" in statement) return statement.CreateStmt.relation;
    if ("CreateForeignTableStmt" in statement) return statement.CreateForeignTableStmt.base?.relation;
    if ("CreateTableAsStmt" in statement) return statement.CreateTableAsStmt.into?.rel;
    return "SelectStmt" in statement ? statement.SelectStmt.intoClause?.rel : undefined;
  };
  return [nameOf(made())].filter((name) => name !== null);
}
