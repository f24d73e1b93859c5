import { runsNow } from "./rules/runs-now.ts";
import { alterations } from "./syntax/alterations.ts";
import { nameOf, nameOfDropped } from "./syntax/names.ts";
import { type Node, parseSql, type RangeVar } from "./syntax/parse-sql.ts";
import { ScriptState } from "./syntax/script-state.ts";
import { nodesOf } from "./syntax/visit.ts";

interface Loss {
  readonly what: string;
  readonly table: string | null;
}

/** The data that a text destroys, such as `drop table app.t`, except in tables that it has created itself. */
export async function lossesIn(text: string): Promise<readonly string[]> {
  const unknown = { tablesCreatedBefore: [], columnTypes: new Map(), statements: 1 };
  const soFar = new ScriptState({ isTransactional: true, isRetried: false, ...unknown });
  const losses = (await parseSql(text)).flatMap(({ node }) => {
    const { tablesCreatedBefore } = soFar.context();
    soFar.pass(node);
    return lossesOf(node).filter(({ table }) => !tablesCreatedBefore.has(table ?? ""));
  });
  return [...new Set(losses.map(({ what, table }) => (table === null ? what : `${what} ${table}`)))];
}

function lossesOf(statement: Node): readonly Loss[] {
  if ("TruncateStmt" in statement)
    return (statement.TruncateStmt.relations ?? []).flatMap((node) =>
      "RangeVar" in node ? [{ what: "truncate", table: nameOf(node.RangeVar) }] : [],
    );
  if ("DropStmt" in statement) return dropped(statement.DropStmt);
  if ("DropdbStmt" in statement) return [{ what: "drop database", table: null }];
  if ("DropOwnedStmt" in statement) return [{ what: "drop owned", table: null }];
  const columns = alterations(statement, "AT_DropColumn");
  if (columns.length > 0)
    return columns.map(({ table, part }) => ({ what: `drop column ${part} of`, table }));
  return runsNow(statement) ? deleted(statement) : [];
}

const words: Readonly<Record<string, string>> = { OBJECT_TABLE: "drop table", OBJECT_SCHEMA: "drop schema" };

function dropped({ removeType, objects = [] }: DropStmt): readonly Loss[] {
  const what = words[removeType ?? ""];
  return what === undefined ? [] : objects.map((object) => ({ what, table: nameOfDropped(object) }));
}

type DropStmt = Extract<Node, { readonly DropStmt: unknown }>["DropStmt"];

function deleted(statement: Node): readonly Loss[] {
  const loss = (relation: RangeVar | undefined): Loss => ({ what: "delete from", table: nameOf(relation) });
  const merges = nodesOf("MergeStmt", statement).filter(({ mergeWhenClauses = [] }) =>
    mergeWhenClauses.some(
      (node) => "MergeWhenClause" in node && node.MergeWhenClause.commandType === "CMD_DELETE",
    ),
  );
  return [...nodesOf("DeleteStmt", statement), ...merges].map(({ relation }) => loss(relation));
}
