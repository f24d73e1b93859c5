import { type AddedConstraint, addedConstraints, alterations } from "../syntax/alterations.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

export const addForeignKeyWithoutNotValid: Rule = {
  code: "add-foreign-key-without-not-valid",
  reason: "Every row is looked up in the other table, and nobody writes either of the two meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_FOREIGN"),
};

export const addCheckWithoutNotValid: Rule = {
  code: "add-check-without-not-valid",
  reason: "Every row is checked, and nobody reads or writes the table meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_CHECK"),
};

export const addUniqueWithoutIndex: Rule = {
  code: "add-unique-without-index",
  reason: "An index is built, and nobody reads or writes the table meanwhile.",
  safeForm: "Create a unique index concurrently, and add the constraint `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_UNIQUE"),
};

export const addPrimaryKeyWithoutIndex: Rule = {
  code: "add-primary-key-without-index",
  reason: "An index is built, and nobody reads or writes the table meanwhile.",
  safeForm:
    "Create a unique index concurrently on columns that are `not null`, and add the primary key `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_PRIMARY"),
};

export const addExclusionConstraint: Rule = {
  code: "add-exclusion-constraint",
  reason: "An index is built and every row compared, and nobody reads or writes the table meanwhile.",
  safeForm:
    "PostgreSQL has no gentler way: create a table with the constraint, and move the rows in batches.",
  find: (statement) => added(statement, "CONSTR_EXCLUSION"),
};

export const validateInSameTransaction: Rule = {
  code: "validate-in-same-transaction",
  reason:
    "The lock that adding the constraint took lasts while every row is checked, so nobody reads or writes the table meanwhile.",
  safeForm: "Validate the constraint in a later transaction, by a text of its own.",
  find: (statement, { notValidBefore }) => {
    const here = added(statement).map(({ table, part }) => `${table}.${part}`);
    return alterations(statement, "AT_ValidateConstraint").filter(({ table, part }) => {
      const name = `${table}.${part}`;
      return notValidBefore.has(name) || here.includes(name);
    });
  },
};

export const setNotNullWithoutCheck: Rule = {
  code: "set-not-null-without-check",
  reason: "Every row is looked at for a null, and nobody reads or writes the table meanwhile.",
  safeForm:
    "Add a check `is not null` as `not valid`; in a later text validate it, set the column to `not null`, and drop the check.",
  find: (statement, { provenNotNull }) => {
    const named = added(statement, "CONSTR_NOTNULL").filter(
      ({ constraint, isInline }) => !isInline && constraint.skip_validation !== true,
    );
    const set = alterations(statement, "AT_SetNotNull").filter(
      ({ table, part }) => !provenNotNull.has(`${table}.${part}`),
    );
    return [...named, ...set];
  },
};

type ConstraintKind = AddedConstraint["constraint"]["contype"];

function added(statement: Node, kind?: ConstraintKind): readonly AddedConstraint[] {
  return addedConstraints(statement).filter(
    ({ constraint }) => kind === undefined || constraint.contype === kind,
  );
}

/** Of a constraint that is `not enforced` the parser says that its validation is skipped, too. */
function unvalidated(statement: Node, kind: ConstraintKind): readonly AddedConstraint[] {
  return added(statement, kind).filter(({ constraint }) => constraint.skip_validation !== true);
}

function withoutIndex(statement: Node, kind: ConstraintKind): readonly AddedConstraint[] {
  return added(statement, kind).filter(({ constraint }) => constraint.indexname === undefined);
}
