import { type AddedConstraint, addedConstraints, alterations } from "../syntax/alterations.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * Every row is looked up in the other table, and writes to both wait meanwhile. Validating later lets writes through. Of
 * a partitioned table PostgreSQL takes such a key `not valid` from 18 on.
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
  reason: "Every row is looked up in the other table, and nobody writes either of the two meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_FOREIGN"),
};

/**
 * Every row is checked under a lock against reading and writing; also where the constraint comes with a new column.
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
  reason: "Every row is checked, and nobody reads or writes the table meanwhile.",
  safeForm:
    "Add the constraint as `not valid`, and validate it in a later transaction, which lets writes through.",
  find: (statement) => unvalidated(statement, "CONSTR_CHECK"),
};

/**
 * An index is built under a lock against reading and writing.
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
  reason: "An index is built, and nobody reads or writes the table meanwhile.",
  safeForm: "Create a unique index concurrently, and add the constraint `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_UNIQUE"),
};

/**
 * An index is built under a lock against reading and writing. With `using index` PostgreSQL still looks through the
 * table for nulls, unless the columns are `not null` before.
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
  reason: "An index is built, and nobody reads or writes the table meanwhile.",
  safeForm:
    "Create a unique index concurrently on columns that are `not null`, and add the primary key `using index`.",
  find: (statement) => withoutIndex(statement, "CONSTR_PRIMARY"),
};

/**
 * An index is built and each row compared under a lock against reading and writing. PostgreSQL knows neither `not valid`
 * nor `using index` for it.
 *
 * ```sql
 * alter table app.bookings add constraint no_overlap exclude using gist (during with &&);
 * ```
 *
 * Instead, a new table whose rows a job moves:
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
  reason: "An index is built and every row compared, and nobody reads or writes the table meanwhile.",
  safeForm:
    "PostgreSQL has no gentler way: create a table with the constraint, and move the rows in batches.",
  find: (statement) => added(statement, "CONSTR_EXCLUSION"),
};

/**
 * The lock that adding took is held until the transaction ends, so that all of the validation happens under it, as if
 * there were no `not valid`.
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

/**
 * Every row is looked at under a lock against reading and writing, unless a valid check already proves that there is no
 * null. The checks believe so where they have seen that constraint, in the text or one before it: it must say that this
 * very column is not null, by itself or beside others by `and`, and be validated.
 *
 * ```sql
 * alter table app.users alter column email set not null;
 * ```
 *
 * Instead, in two texts, with a job that fills the column between them:
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
