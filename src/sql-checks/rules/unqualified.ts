import { callsIn } from "../syntax/calls-in.ts";
import { nameOf, wordsOf } from "../syntax/names.ts";
import type { Node, RangeVar } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";
import { nodesOf, visit } from "../syntax/visit.ts";

/**
 * `search_path` decides which table is meant, and it differs between roles and sessions. Temporary tables and
 * tables of PostgreSQL's own catalogue (`pg_…`) need no schema.
 *
 * ```sql
 * alter table users add column locale text;
 * ```
 *
 * Instead:
 *
 * ```sql
 * alter table app.users add column locale text;
 * ```
 */
export const unqualifiedTable: Rule = {
  code: "unqualified-table",
  reason:
    "`search_path` decides which table is meant: another role or session may find another one, or none.",
  safeForm: "Write the schema before the name.",
  find: (statement) => {
    const queries = new Set(nodesOf("CommonTableExpr", statement).map(({ ctename }) => ctename));
    return [...droppedByWord(statement), ...relationsIn(statement)]
      .filter((name) => !queries.has(name) && !name.startsWith("pg_"))
      .map((table): Match => ({ table, part: null }));
  },
};

/**
 * Only in expressions: `search_path` decides which function is meant. PostgreSQL's own functions need no
 * schema; write `pg_catalog.` before a rare one that the checks do not know.
 *
 * ```sql
 * slugify(title)
 * ```
 *
 * Instead:
 *
 * ```sql
 * app.slugify(title)
 * ```
 *
 * ```sql
 * lower(trim(title))
 * ```
 */
export const unqualifiedFunction: Rule = {
  code: "unqualified-function",
  reason:
    "`search_path` decides which function is meant: another role or session may find another one, or none.",
  safeForm: "Write the schema before the name; only PostgreSQL's own functions need none.",
  find: (statement) =>
    callsIn(statement)
      .filter(({ isQualified, isBuiltIn }) => !isQualified && !isBuiltIn)
      .map(({ name }) => ({ table: null, part: name })),
};

/** The relations that a statement names without a schema; a temporary table has none to write. */
function relationsIn(statement: Node): readonly string[] {
  const names: string[] = [];
  visit(statement, (key, value) => {
    // `for update of t` names an alias, and a composite type is not a table.
    if (key === "lockedRels" || key === "typevar") return false;
    if (!("relname" in value)) return true;
    const relation = value as RangeVar;
    const name = nameOf(relation);
    if (name !== null && relation.schemaname === undefined && relation.relpersistence !== "t")
      names.push(name);
    return true;
  });
  return names;
}

/** How many words a name without a schema has; a trigger, rule or policy has its table's name first. */
const words: Readonly<Record<string, number>> = {
  OBJECT_TABLE: 1,
  OBJECT_VIEW: 1,
  OBJECT_MATVIEW: 1,
  OBJECT_FOREIGN_TABLE: 1,
  OBJECT_INDEX: 1,
  OBJECT_SEQUENCE: 1,
  OBJECT_TRIGGER: 2,
  OBJECT_RULE: 2,
  OBJECT_POLICY: 2,
};

function droppedByWord(statement: Node): readonly string[] {
  if (!("DropStmt" in statement)) return [];
  const { objects = [], removeType = "" } = statement.DropStmt;
  return objects
    .map((object) => wordsOf([object]))
    .filter(({ length }) => length === words[removeType])
    .map(([name = ""]) => name);
}
