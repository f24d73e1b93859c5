import { dotted } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * To add a column of a domain with a constraint PostgreSQL writes the whole table anew, and a change of the domain
 * checks every column of it.
 *
 * ```sql
 * create domain app.email as text check (value like '%@%');
 * ```
 *
 * Instead, a constraint on the column:
 *
 * ```sql
 * alter table app.users add column email text;
 * alter table app.users add constraint email_has_at check (email like '%@%') not valid;
 * ```
 */
export const createDomainWithCheck: Rule = {
  code: "create-domain-with-check",
  reason:
    "A column of such a type is added only by writing the whole table anew, and each later change of the domain checks every column of it.",
  safeForm:
    "Create the domain without a constraint, or none, and put the check on the columns, `not valid` first.",
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

/** As the parser calls `add constraint` and `set not null` of a domain. */
const checking: ReadonlySet<string | undefined> = new Set(["C", "O"]);

/**
 * Every column of the domain is checked, in every table, and writes to all of them wait.
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
    "Every row of every table with a column of the domain is checked, and nobody writes any of them meanwhile.",
  safeForm: "Add the constraint as `not valid`, and validate it in a later transaction.",
  find: (statement) => {
    if (!("AlterDomainStmt" in statement)) return [];
    const { subtype, typeName, def } = statement.AlterDomainStmt;
    const isNotValid = def !== undefined && "Constraint" in def && def.Constraint.skip_validation === true;
    return checking.has(subtype) && !isNotValid ? [{ table: null, part: dotted(typeName) }] : [];
  },
};
