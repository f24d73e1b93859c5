import { addedConstraints, alterations } from "./alterations.ts";
import { wordsOf } from "./names.ts";
import type { Constraint, Node } from "./parse-sql.ts";

interface Known {
  readonly table: string;
  readonly constraint: Constraint;
  isValid: boolean;
}

/** The constraints that statements have added so far, and which of them are valid. */
export class ConstraintsSoFar {
  readonly #known = new Map<string, Known>();
  readonly #notValid = new Set<string>();

  pass(statement: Node): void {
    for (const { table, constraint } of addedConstraints(statement)) {
      const name = `${table}.${constraint.conname ?? `#${this.#known.size}`}`;
      const isValid = constraint.skip_validation !== true;
      this.#known.set(name, { table: table ?? "", constraint, isValid });
      if (!isValid) this.#notValid.add(name);
    }
    for (const { table, part } of alterations(statement, "AT_ValidateConstraint")) {
      const known = this.#known.get(`${table}.${part}`);
      if (known !== undefined) known.isValid = true;
    }
    for (const { table, part } of alterations(statement, "AT_DropConstraint"))
      this.#known.delete(`${table}.${part}`);
  }

  endTransaction(): void {
    this.#notValid.clear();
  }

  /** The constraints that this transaction has added as not valid, such as `app.users.email_is_set`. */
  notValid(): ReadonlySet<string> {
    return new Set(this.#notValid);
  }

  provenNotNull(): ReadonlySet<string> {
    const proven = this.#valid().flatMap(({ table, constraint }) =>
      notNullColumns(constraint).map((column) => `${table}.${column}`),
    );
    return new Set(proven);
  }

  validChecks(): ReadonlyMap<string, readonly Node[]> {
    const checks = new Map<string, readonly Node[]>();
    for (const { table, constraint } of this.#valid()) {
      if (constraint.contype !== "CONSTR_CHECK" || constraint.raw_expr === undefined) continue;
      checks.set(table, [...(checks.get(table) ?? []), constraint.raw_expr]);
    }
    return checks;
  }

  #valid(): readonly Known[] {
    return [...this.#known.values()].filter(({ isValid }) => isValid);
  }
}

/** The columns that a constraint proves to be not null. */
function notNullColumns({ contype, keys, raw_expr }: Constraint): readonly string[] {
  if (contype === "CONSTR_NOTNULL") return wordsOf(keys);
  return contype === "CONSTR_CHECK" && raw_expr !== undefined ? provenBy(raw_expr) : [];
}

/** Finds `a is not null`, alone or joined by `and`. `a > 0` proves nothing: a null does not violate it. */
function provenBy(condition: Node): readonly string[] {
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    return boolop === "AND_EXPR" ? args.flatMap(provenBy) : [];
  }
  if (!("NullTest" in condition) || condition.NullTest.nulltesttype !== "IS_NOT_NULL") return [];
  const { arg } = condition.NullTest;
  return arg !== undefined && "ColumnRef" in arg ? wordsOf(arg.ColumnRef.fields).slice(-1) : [];
}
