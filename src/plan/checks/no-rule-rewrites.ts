import { displayName } from "../../job/columns/table.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Check, CheckSubject } from "../open/check.ts";

/** A rule replaces or extends a statement: PostgreSQL refuses that for one that also keeps old values. */
export const noRuleRewrites: Check = async (subject) => {
  const { tx, relation, verb } = subject;
  const minds = subject.conflict != null;
  if (verb === null) return [];
  const { rows } = await tx.query(sql`
    select rulename, is_instead, pg_catalog.pg_get_ruledef(oid) as definition,
      case ev_type when '2' then 'update' when '3' then 'insert' else 'delete' end as event
    from pg_catalog.pg_rewrite
    where ev_class = ${relation.oid}::oid
      and ev_type = any (${eventsOf(subject)}::"char"[])
      -- with ON CONFLICT PostgreSQL accepts no rule at all, not even a disabled one
      and (ev_enabled in ('O', 'A') or ${minds}::boolean and ev_type <> '4')
      -- an additional action does not matter to a statement that keeps no old values
      and (is_instead or ${minds || subject.job.undoable}::boolean)
    order by rulename`);
  const name = displayName(relation);
  return rows.map(({ rulename, event, is_instead, definition }) => {
    const rule = displayIdentifier(rulename ?? "");
    const does = is_instead === "t" ? "does something else instead" : "does something in addition";
    const again = (definition ?? "").replaceAll(/\s+/g, " ").trim();
    return {
      check: "no-rule-rewrites",
      message: `The rule ${rule} of ${name} ${does} for each ${event}${event === verb ? "" : `, which ${why(subject)} needs`}: PostgreSQL would refuse the statements of the batches.`,
      remedy:
        minds && event !== "delete"
          ? `drop rule ${rule} on ${name};   -- and after the run: ${again}`
          : `alter table ${name} disable rule ${rule};   -- and after the run: alter table ${name} enable rule ${rule};`,
    };
  });
};

const events = { update: "2", insert: "3", delete: "4" } as const;
const undone = { update: "2", insert: "4", delete: "3" } as const;

/** What the job does, what its undo would do, and what an upsert does in addition. */
function eventsOf({ verb, job, conflict }: CheckSubject): string[] {
  if (verb === null) return [];
  return [
    events[verb],
    ...(conflict != null ? [events.update] : []),
    ...(job.undoable ? [undone[verb]] : []),
  ];
}

function why({ conflict }: CheckSubject): string {
  return conflict != null ? "an upsert or an undo" : "an undo";
}
