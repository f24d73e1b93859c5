import { type AddedConstraint, addedConstraints, alterations } from "../syntax/alterations.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * PostgreSQL looks up every row in the other table. Writes to both tables wait meanwhile. Validating later
 * lets writes through. On a partitioned table, only PostgreSQL 18 and later accept such a key as `not valid`.
 *
 * ```sql
 * alter table app.orders add constraint orders_user_fk foreign key (user_id) references app.users;
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * alter table app.orders add constraint orders_user_fk foreign key (user_id) references app.users not valid;
 * ```
 *
 * ```sql
 * alter table app.orders validate constraint orders_user_fk;
 * ```
 */
export const addForeignKeyWithoutNotValid: Rule = {
  code: "add-foreign-key-without-not-valid",
  reason: "PostgreSQL looks up every row in the other table, and blocks writes to both tables meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_FOREIGN"),
};

/**
 * PostgreSQL checks every row under a lock that blocks reads and writes, even where the constraint comes with
 * a new column.
 *
 * ```sql
 * alter table app.orders add constraint total_is_positive check (total > 0);
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * alter table app.orders add constraint total_is_positive check (total > 0) not valid;
 * ```
 *
 * ```sql
 * alter table app.orders validate constraint total_is_positive;
 * ```
 */
export const addCheckWithoutNotValid: Rule = {
  code: "add-check-without-not-valid",
  reason: "PostgreSQL checks every row, and blocks reads and writes of the table meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_CHECK"),
};

/**
 * PostgreSQL builds an index under a lock that blocks reads and writes.
 *
 * ```sql
 * alter table app.users add constraint users_email_key unique (email);
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * create unique index concurrently users_email_key on app.users (email);
 * ```
 *
 * ```sql
 * alter table app.users add constraint users_email_key unique using index users_email_key;
 * ```
 */
export const addUniqueWithoutIndex: Rule = {
  code: "add-unique-without-index",
  reason: "PostgreSQL builds an index, and blocks reads and writes of the table meanwhile.",
  safeForm: "Create a unique index concurrently, and add the constraint `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_UNIQUE"),
};

/**
 * PostgreSQL builds an index under a lock that blocks reads and writes. With `using index` it still scans the
 * table for nulls, unless the columns are `not null` already.
 *
 * ```sql
 * alter table app.users add primary key (id);
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * create unique index concurrently users_pkey on app.users (id);
 * ```
 *
 * ```sql
 * alter table app.users add constraint users_pkey primary key using index users_pkey;
 * ```
 */
export const addPrimaryKeyWithoutIndex: Rule = {
  code: "add-primary-key-without-index",
  reason: "PostgreSQL builds an index, and blocks reads and writes of the table meanwhile.",
  safeForm:
    "Create a unique index concurrently on `not null` columns, and add the primary key `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_PRIMARY"),
};

/**
 * PostgreSQL builds an index and compares every row under a lock that blocks reads and writes. An exclusion
 * constraint takes neither `not valid` nor `using index`.
 *
 * ```sql
 * alter table app.bookings add constraint no_overlap exclude using gist (during with &&);
 * ```
 *
 * Instead, create a new table and move the rows with a job:
 *
 * ```sql
 * create table app.bookings_new (
 *   id bigint primary key,
 *   during tstzrange not null,
 *   constraint no_overlap exclude using gist (during with &&)
 * );
 * ```
 */
export const addExclusionConstraint: Rule = {
  code: "add-exclusion-constraint",
  reason:
    "PostgreSQL builds an index and compares every row, and blocks reads and writes of the table meanwhile.",
  safeForm:
    "PostgreSQL has no gentler way: create a table with the constraint, and move the rows in batches.",
  find: (statement) => added(statement, "CONSTR_EXCLUSION"),
};

/**
 * The lock that adding the constraint took is held until the transaction ends. All of the validation happens
 * under it, as if there were no `not valid`.
 *
 * ```sql
 * alter table app.orders add constraint total_is_positive check (total > 0) not valid;
 * alter table app.orders validate constraint total_is_positive;
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * alter table app.orders add constraint total_is_positive check (total > 0) not valid;
 * ```
 *
 * ```sql
 * alter table app.orders validate constraint total_is_positive;
 * ```
 */
export const validateInSameTransaction: Rule = {
  code: "validate-in-same-transaction",
  reason: "The lock taken to add the constraint blocks reads and writes while PostgreSQL checks every row.",
  safeForm: "Validate the constraint in a later transaction, in a text of its own.",
  find: (statement, { notValidBefore }) => {
    const here = added(statement).map(({ table, part }) => `${table}.${part}`);
    return alterations(statement, "AT_ValidateConstraint").filter(({ table, part }) => {
      const name = `${table}.${part}`;
      return notValidBefore.has(name) || here.includes(name);
    });
  },
};

/**
 * PostgreSQL scans every row under a lock that blocks reads and writes, unless a valid check constraint
 * already proves that there is no null. The checks accept such a constraint where this text or an earlier one
 * adds and validates it. It must say that this very column is not null, alone or joined to other conditions
 * by `and`.
 *
 * ```sql
 * alter table app.users alter column email set not null;
 * ```
 *
 * Instead, in two texts, with a job between them that fills the column:
 *
 * ```sql
 * alter table app.users add constraint email_is_set check (email is not null) not valid;
 * ```
 *
 * ```sql
 * alter table app.users validate constraint email_is_set;
 * alter table app.users alter column email set not null;
 * alter table app.users drop constraint email_is_set;
 * ```
 */
export const setNotNullWithoutCheck: Rule = {
  code: "set-not-null-without-check",
  reason: "PostgreSQL scans every row for a null, and blocks reads and writes of the table meanwhile.",
  safeForm:
    "Add a check `is not null` as `not valid`; in a later text validate it, set `not null`, drop the check.",
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

/** The parser sets `skip_validation` for `not enforced` constraints, too. */
function unvalidated(statement: Node, kind: ConstraintKind): readonly AddedConstraint[] {
  return added(statement, kind).filter(({ constraint }) => constraint.skip_validation !== true);
}

function withoutIndex(statement: Node, kind: ConstraintKind): readonly AddedConstraint[] {
  return added(statement, kind).filter(({ constraint }) => constraint.indexname === undefined);
}
