import { wordsOf } from "../syntax/names.ts";
import type { Node, RangeVar } from "../syntax/parse-sql.ts";
import { nodesOf, visit } from "../syntax/visit.ts";

/**
 * Whether a condition leaves out no row of a table, or only random ones: `true`, `random() < 0.5`, `id = id`,
 * `id is not null`, an `exists` that does not look at the row; or one of these joined to another by `or`.
 */
export function boundsNothing(condition: Node, table: RangeVar | undefined): boolean {
  if ("CurrentOfExpr" in condition) return false;
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    const isNothing = (each: Node): boolean => boundsNothing(each, table);
    if (boolop === "OR_EXPR") return args.some(isNothing);
    if (boolop === "AND_EXPR") return args.every(isNothing);
    return args.every((each) => isNullTest(each, "IS_NULL") || !looksAt(each, table));
  }
  return isNullTest(condition, "IS_NOT_NULL") || comparesWithItself(condition) || !looksAt(condition, table);
}

function isNullTest(condition: Node, kind: "IS_NULL" | "IS_NOT_NULL"): boolean {
  return "NullTest" in condition && condition.NullTest.nulltesttype === kind;
}

const reflexive: ReadonlySet<string | undefined> = new Set(["=", "<=", ">="]);

/** `id = id`, `id >= id`, `id is not distinct from id` */
function comparesWithItself(condition: Node): boolean {
  if (!("A_Expr" in condition)) return false;
  const { kind, name, lexpr, rexpr } = condition.A_Expr;
  const [left, right] = [lexpr, rexpr].map((side) =>
    side !== undefined && "ColumnRef" in side ? wordsOf(side.ColumnRef.fields).join(".") : undefined,
  );
  const isComparison = kind === "AEXPR_NOT_DISTINCT" || kind === "AEXPR_OP";
  return left !== undefined && left === right && isComparison && reflexive.has(wordsOf(name).at(-1));
}

/** Whether a condition names a column of the table; a column without its table's name counts as one. */
function looksAt(condition: Node, table: RangeVar | undefined): boolean {
  const target = table?.alias?.aliasname ?? table?.relname;
  return references(condition).some((words) => words.length < 2 || words.at(-2) === target);
}

/** The names of columns in a condition, without those of its subqueries' own tables. */
function references(root: Node): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  visit(root, (key, value) => {
    if (key === "ColumnRef") {
      found.push(wordsOf((value as { readonly fields?: readonly Node[] }).fields));
    } else if (key === "SubLink") {
      const { testexpr, subselect } = value as { readonly testexpr?: Node; readonly subselect?: Node };
      const own = namesIn(subselect);
      if (testexpr !== undefined) found.push(...references(testexpr));
      if (subselect !== undefined)
        found.push(...references(subselect).filter((words) => !own.has(words.at(-2) ?? "")));
      return false;
    }
    return true;
  });
  return found;
}

/** The names or aliases that a query gives its tables, subqueries and functions. */
function namesIn(query: Node | undefined): ReadonlySet<string> {
  const tables = nodesOf("RangeVar", query).map(({ alias, relname }) => alias?.aliasname ?? relname);
  const derived = [...nodesOf("RangeSubselect", query), ...nodesOf("RangeFunction", query)];
  const aliases = derived.map(({ alias }) => alias?.aliasname);
  return new Set([...tables, ...aliases].filter((name) => name !== undefined));
}
