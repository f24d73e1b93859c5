import { ConstraintsSoFar } from "./constraints-so-far.ts";
import { dotted, nameOf } from "./names.ts";
import type { Node, TypeName } from "./parse-sql.ts";
import type { StatementContext } from "./rule.ts";

/** What is known before the first statement of a text. */
export interface Beforehand {
  readonly isTransactional: boolean;
  readonly isRetried: boolean;
  readonly tablesCreatedBefore: Iterable<string>;
  readonly columnTypes: ReadonlyMap<string, TypeName>;
  readonly statements: number;
}

/** Follows texts statement by statement, and keeps what the earlier statements have done. */
export class ScriptState {
  readonly #beforehand: Beforehand;
  readonly #created: Set<string>;
  readonly #others = new Set<string>();
  readonly #constraints = new ConstraintsSoFar();
  readonly #enumValues = new Set<string>();
  #isInside: boolean;

  constructor(beforehand: Beforehand) {
    this.#beforehand = beforehand;
    this.#created = new Set(beforehand.tablesCreatedBefore);
    this.#isInside = beforehand.isTransactional;
  }

  /** The context of the next statement. */
  context(): Omit<StatementContext, "longNames"> {
    return {
      isTransactional: this.#isInside,
      isCallersTransaction: this.#beforehand.isTransactional,
      isRetried: this.#beforehand.isRetried,
      isAlone: this.#beforehand.statements === 1,
      tablesCreatedBefore: new Set(this.#created),
      othersCreatedBefore: new Set(this.#others),
      notValidBefore: this.#constraints.notValid(),
      provenNotNull: this.#constraints.provenNotNull(),
      validChecks: this.#constraints.validChecks(),
      enumValuesAdded: new Set(this.#enumValues),
      columnTypes: this.#beforehand.columnTypes,
    };
  }

  /** Takes in what a statement does. */
  pass(statement: Node): void {
    for (const table of relationsCreated(statement)) this.#created.add(table);
    for (const other of othersCreated(statement)) this.#others.add(other);
    if ("DropStmt" in statement) {
      for (const object of statement.DropStmt.objects ?? []) this.#created.delete(dotted([object]) ?? "");
    }
    if ("RenameStmt" in statement && statement.RenameStmt.renameType === "OBJECT_TABLE") {
      const { relation, newname } = statement.RenameStmt;
      if (this.#created.delete(nameOf(relation) ?? "")) {
        this.#created.add(nameOf({ ...relation, relname: newname ?? "" }) ?? "");
      }
    }
    this.#constraints.pass(statement);
    if ("AlterEnumStmt" in statement) {
      const { typeName, oldVal, newVal } = statement.AlterEnumStmt;
      const isNew = this.#others.has(dotted(typeName) ?? "");
      if (oldVal === undefined && newVal !== undefined && !isNew) this.#enumValues.add(newVal);
    }
    if ("TransactionStmt" in statement) this.#passBoundary(statement.TransactionStmt.kind);
  }

  /** Ends a text: PostgreSQL has run it whole, and its transaction is over. */
  endText(): void {
    this.#endTransaction();
    this.#isInside = this.#beforehand.isTransactional;
  }

  #passBoundary(kind: string | undefined): void {
    if (kind === "TRANS_STMT_BEGIN" || kind === "TRANS_STMT_START") this.#isInside = true;
    if (kind !== "TRANS_STMT_COMMIT" && kind !== "TRANS_STMT_ROLLBACK") return;
    this.#isInside = false;
    this.#endTransaction();
  }

  #endTransaction(): void {
    this.#constraints.endTransaction();
    this.#enumValues.clear();
  }
}

/** The tables and views that a statement creates; `if not exists` and `or replace` are taken to create. */
function relationsCreated(statement: Node): readonly string[] {
  const made = () => {
    if ("CreateStmt" in statement) return statement.CreateStmt.relation;
    if ("CreateForeignTableStmt" in statement) return statement.CreateForeignTableStmt.base?.relation;
    if ("CreateTableAsStmt" in statement) return statement.CreateTableAsStmt.into?.rel;
    if ("ViewStmt" in statement) return statement.ViewStmt.view;
    return "SelectStmt" in statement ? statement.SelectStmt.intoClause?.rel : undefined;
  };
  return [nameOf(made())].filter((name) => name !== null);
}

/** The types, functions and sequences that a statement creates. */
function othersCreated(statement: Node): readonly string[] {
  const made = () => {
    if ("CreateEnumStmt" in statement) return dotted(statement.CreateEnumStmt.typeName);
    if ("CompositeTypeStmt" in statement) return nameOf(statement.CompositeTypeStmt.typevar);
    if ("CreateDomainStmt" in statement) return dotted(statement.CreateDomainStmt.domainname);
    if ("CreateSeqStmt" in statement) return nameOf(statement.CreateSeqStmt.sequence);
    if ("DefineStmt" in statement) return dotted(statement.DefineStmt.defnames);
    if ("CreateRangeStmt" in statement) return dotted(statement.CreateRangeStmt.typeName);
    return "CreateFunctionStmt" in statement ? dotted(statement.CreateFunctionStmt.funcname) : null;
  };
  return [made()].filter((name) => name !== null);
}
