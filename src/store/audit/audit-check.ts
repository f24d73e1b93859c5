import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { hashOfLine } from "./hash-of-line.ts";

/** The result of checking the whole audit trail. */
export interface AuditCheck {
  /** lines in the trail */
  readonly lines: number;
  readonly isIntact: boolean;
  /** the first line that is missing or altered; null when intact, or when the fault is not in a line */
  readonly firstBroken: number | null;
  /** what is wrong with it, as a sentence; null when intact */
  readonly reason: string | null;
  /** the hash of the last line in hex; a copy kept elsewhere reveals that the trail was rewritten */
  readonly head: string | null;
  /** the line whose hash was asked for; null when none was asked for, or no line has it */
  readonly contains: number | null;
  /** the first runs that have no line in the trail */
  readonly unrecordedRuns: readonly number[];
}

const runsShown = 20;

/** Recomputes every hash of the trail in one statement, and so at one moment. */
export async function checkAudit(
  db: Queryable,
  schema: StoreSchema,
  kept: string | undefined,
): Promise<AuditCheck> {
  const { rows } = await db.query(sql`
    with checked as materialized (
      select number,
        lag(number, 1, 0::bigint) over (order by number) as before,
        hash is distinct from ${hashOfLine} as is_altered,
        previous is distinct from lag(hash, 1, ''::bytea) over (order by number) as is_detached
      from ${schema.table("audit")} as line
    ), broken as (
      select *
      from checked
      where number <> before + 1
        or is_altered
        or is_detached
      order by number
      limit 1
    ), unrecorded as (
      select run.id
      from ${schema.table("run")} as run
      where run.kind in ('run', 'undo')
        and not exists (
          select from ${schema.table("audit")} as line where line.run_id = run.id and line.action = run.kind
        )
      order by run.id
      limit ${runsShown}
    )
    select (select pg_catalog.json_agg(id) from unrecorded) as unrecorded,
      (
        select min(line.number)
        from ${schema.table("audit")} as line
        where line.hash = pg_catalog.decode(${kept ?? null}::text, 'hex')
      ) as contains,
      trail.lines, trail.last,
      broken.number as broken, broken.before, broken.is_altered,
      head.number as head, pg_catalog.encode(head.hash, 'hex') as head_hash,
      head.hash is distinct from coalesce(line.hash, '') as is_replaced
    from (select count(*) as lines, coalesce(max(number), 0) as last from checked) as trail
    left join broken on true
    left join ${schema.table("audit_head")} as head on true
    left join ${schema.table("audit")} as line on line.number = trail.last`);
  const row = rows[0] ?? {};
  const contains = row.contains == null ? null : Number(row.contains);
  const unrecordedRuns = JSON.parse(row.unrecorded ?? "[]") as readonly number[];
  const fault =
    (row.broken == null ? faultAtTheEnd(row) : faultWithin(row)) ??
    (kept !== undefined && contains === null ? keptIsGone : null) ??
    faultOfRuns(unrecordedRuns);
  return {
    lines: Number(row.lines ?? 0),
    isIntact: fault === null,
    firstBroken: fault?.line ?? null,
    reason: fault?.reason ?? null,
    head: row.head_hash ?? null,
    contains,
    unrecordedRuns,
  };
}

interface Fault {
  readonly line: number | null;
  readonly reason: string;
}

const keptIsGone: Fault = {
  line: null,
  reason: "No line has the kept hash: the trail was cut off before that line, or rewritten.",
};

function faultOfRuns(runs: readonly number[]): Fault | null {
  if (runs.length === 0) return null;
  const which = runs.length === 1 ? `the run ${runs[0]}` : `the runs ${runs.join(", ")}`;
  const more = runs.length === runsShown ? " and perhaps more" : "";
  return { line: null, reason: `No line records ${which}${more}, though a run cannot begin without one.` };
}

function faultWithin(row: Row): Fault {
  const line = Number(row.broken);
  const before = Number(row.before);
  if (line > before + 1) return missing(before + 1, line - 1);
  if (line <= before) return { line, reason: `Line ${line} was added: no line can have this number.` };
  if (row.is_altered === "t")
    return { line, reason: `Line ${line} was altered: its hash does not fit its fields.` };
  return {
    line,
    reason:
      before === 0
        ? "Line 1 was replaced: the first line cannot hold the hash of an earlier one."
        : `Line ${line} or the one before it was replaced: it does not hold the hash of line ${before}.`,
  };
}

function faultAtTheEnd(row: Row): Fault | null {
  if (row.head == null)
    return { line: null, reason: "The trail lost its head: lines may be missing at its end." };
  const last = Number(row.last);
  const head = Number(row.head);
  if (head > last) return missing(last + 1, head);
  if (head < last)
    return { line: head + 1, reason: `Line ${head + 1} was added: the trail ended before it.` };
  if (row.is_replaced === "t")
    return { line: last, reason: `Line ${last} was replaced: the trail ended with another hash.` };
  return null;
}

function missing(from: number, through: number): Fault {
  const reason =
    from === through ? `Line ${from} is missing.` : `The lines ${from} to ${through} are missing.`;
  return { line: from, reason };
}
