import { addedConstraints, alterations } from "./alterations.ts";
import { wordsOf } from "./names.ts";
import type { Constraint, Node } from "./parse-sql.ts";

interface Known {
  readonly table: string;
  readonly constraint: Constraint;
  isValid: boolean;
}

/** What statements have said so far of constraints: which were added, and which are validated. */
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

  /** Those of this transaction that were added as not valid, such as `app.users.email_is_set`. */
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

/** The columns of which a constraint says that they are not null. */
function notNullColumns({ contype, keys, raw_expr }: Constraint): readonly string[] {
  if (contype === "CONSTR_NOTNULL") return wordsOf(keys);
  return contype === "CONSTR_CHECK" && raw_expr !== undefined ? provenBy(raw_expr) : [];
}

/** `a is not null`, by itself or beside others by `and`; of `a > 0` a null is no breach. */
function provenBy(condition: Node): readonly string[] {
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    return boolop === "AND_EXPR" ? args.flatMap(provenBy) : [];
  }
  if (!("NullTest" in condition) || condition.NullTest.nulltesttype !== "IS_NOT_NULL") return [];
  const { arg } = condition.NullTest;
  return arg !== undefined && "ColumnRef" in arg ? wordsOf(arg.ColumnRef.fields).slice(-1) : [];
}
