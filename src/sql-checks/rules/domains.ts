import { dotted } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * Adding a column of a domain that has a constraint rewrites the whole table. A change of the domain checks
 * every column of it.
 *
 * ```sql
 * create domain app.email as text check (value like '%@%');
 * ```
 *
 * Instead, put the constraint on the column:
 *
 * ```sql
 * alter table app.users add column email text;
 * alter table app.users add constraint email_has_at check (email like '%@%') not valid;
 * ```
 */
export const createDomainWithCheck: Rule = {
  code: "create-domain-with-check",
  reason: "Adding a column of the domain rewrites the table; changing the domain checks every column of it.",
  safeForm: "Create it without a constraint, or not at all; put the check on the columns, `not valid` first.",
  find: (statement) => {
    if (!("CreateDomainStmt" in statement)) return [];
    const { domainname, constraints = [] } = statement.CreateDomainStmt;
    const isChecked = constraints.some(
      (node) =>
        "Constraint" in node &&
        (node.Constraint.contype === "CONSTR_CHECK" || node.Constraint.contype === "CONSTR_NOTNULL"),
    );
    return isChecked ? [{ table: null, part: dotted(domainname) }] : [];
  },
};

/** The parser's codes for `add constraint` and `set not null` of a domain. */
const checking: ReadonlySet<string | undefined> = new Set(["C", "O"]);

/**
 * PostgreSQL checks every column of the domain, in every table, and writes to all these tables wait.
 *
 * ```sql
 * alter domain app.email add constraint has_at check (value like '%@%');
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * alter domain app.email add constraint has_at check (value like '%@%') not valid;
 * ```
 *
 * ```sql
 * alter domain app.email validate constraint has_at;
 * ```
 */
export const changeDomainWithoutNotValid: Rule = {
  code: "change-domain-without-not-valid",
  reason:
    "PostgreSQL checks all rows of all tables that use the domain, and blocks writes to them meanwhile.",
  safeForm: "Add the constraint as `not valid`, and validate it in a later transaction.",
  find: (statement) => {
    if (!("AlterDomainStmt" in statement)) return [];
    const { subtype, typeName, def } = statement.AlterDomainStmt;
    const isNotValid = def !== undefined && "Constraint" in def && def.Constraint.skip_validation === true;
    return checking.has(subtype) && !isNotValid ? [{ table: null, part: dotted(typeName) }] : [];
  },
};
