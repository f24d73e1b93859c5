import { displayName } from "../../job/columns/table.ts";
import {
  type ComparingConstraint,
  readComparingConstraints,
} from "../../postgres/catalog/comparing-constraints.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import {
  bracketed,
  displayIdentifier,
  join,
  quoteIdentifier,
  raw,
  type Sql,
  sql,
} from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { SqlUpdateSink } from "../../sink/definitions/update.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Refusal } from "../open/check.ts";
import type { OpenedJob } from "../open/opened-job.ts";
import { type AnySink, resolveJob } from "../open/resolve-job.ts";

/** How many first keys of the job are read, and how many rows in scope among them are tried. */
const sampleKeys = 10_000;
const sampleRows = 1_000;

/** Rows would take values that other rows still hold. */
interface Shift {
  readonly constraint: ComparingConstraint;
  /** the other rows come later in key order, so the conflict is certain */
  readonly isAhead: boolean;
}

/**
 * `position = position + 1` under a unique constraint: each row takes the value of the next row, which still
 * holds it. The job's first rows are tried. Only a row that would itself change counts: two rows that would
 * end with the same value are a fault of the data, and become rejects.
 */
export async function uniqueIsNotShifted(
  tx: Transaction,
  { table, job, parameters }: OpenedJob,
): Promise<Refusal[]> {
  if (table === null) return [];
  const { sink } = resolveJob(job, job.bind(parameters));
  const shifts = (await readShifts(tx, table, sink)).filter(({ isAhead }) => isAhead);
  return shifts.map((shift) => ({
    check: "unique-is-not-shifted",
    message: `${describeShift(table, sink, shift)} that later rows still hold: PostgreSQL would refuse them, row by row.`,
    remedy: `${twoJobs(sink, shift)}${oneStatement(table, sink, shift)}.`,
  }));
}

/** Shifts that a single worker can do in key order, but several workers cannot. */
export async function shiftsBehind(
  tx: Transaction,
  { table, job }: OpenedJob,
  sink: AnySink,
): Promise<Refusal[]> {
  if (table === null) return [];
  const shifts = await readShifts(tx, table, sink);
  return shifts.map((shift) => ({
    check: "unique-is-not-shifted",
    message: `${describeShift(table, sink, shift)} that earlier rows hold until they are done: several workers would run into them.`,
    remedy: `tidefill run ${job.name} --workers 1`,
  }));
}

async function readShifts(tx: Transaction, table: OpenedTable, sink: AnySink): Promise<Shift[]> {
  if (!(sink instanceof SqlUpdateSink)) return [];
  const constraints = await readComparingConstraints(tx, table.relation, sink.columns);
  const shifts: Shift[] = [];
  if (constraints.length === 0) return shifts;
  const through = await table.walk.boundary(tx, null, sampleKeys);
  const inScope = table.condition({ after: null, through });
  for (const constraint of constraints) {
    const { rows } = await tx.query(meeting(table, sink.expressions, constraint, inScope));
    if (rows[0] !== undefined) shifts.push({ constraint, isAhead: rows[0].is_ahead === "t" });
  }
  return shifts;
}

/** A row that takes the values of another row that will change; preferably of one that comes later. */
function meeting(
  table: OpenedTable,
  expressions: Readonly<Record<string, Sql>>,
  { columns, predicate }: ComparingConstraint,
  inScope: Sql,
): Sql {
  const { key, relation } = table;
  const own = raw(key.alias);
  const from = sql`${qualifiedName(relation)} as ${own}`;
  const held = columns.map(({ name }) => sql`${own}.${raw(quoteIdentifier(name))}`);
  const fresh = columns.map(({ name }, index) =>
    Object.hasOwn(expressions, name) ? bracketed(expressions[name] ?? raw("null")) : held[index],
  ) as Sql[];
  const named = (prefix: string, values: readonly Sql[]): Sql =>
    join(values.map((value, index) => sql`${value} as ${raw(`${prefix}_${index + 1}`)}`));
  const keys = key.columns.map(({ name }) => sql`${own}.${raw(quoteIdentifier(name))}`);
  const isMet = columns.map(
    ({ operator }, index) => sql`${held[index]} ${raw(`${operator} tidefill_moving.fresh_${index + 1}`)}`,
  );
  const itsKey = raw(keys.map((_, index) => `tidefill_moving.key_${index + 1}`).join(", "));
  const about = predicate === null ? raw("") : sql` and (${raw(predicate)})`;
  return sql`
    select tidefill_met.is_ahead
    from (
      select ${named("key", keys)}, ${named("held", held)}, ${named("fresh", fresh)}
      from ${from}
      where ${inScope}${about}
      order by ${key.list}
      limit ${sampleRows}
    ) as tidefill_moving
    cross join lateral (
      select row(${key.list}) > row(${itsKey}) as is_ahead
      from ${from}
      where ${table.condition({ after: null, through: null })}${about}
        and ${join(isMet, " and ")}
        and row(${key.list}) <> row(${itsKey})
        and row(${join(fresh)}) is distinct from row(${join(held)})
      limit 1
    ) as tidefill_met
    order by 1 desc
    limit 1`;
}

/** `things.l_list_position_key: position = position + 1 gives rows the values` */
function describeShift({ relation }: OpenedTable, sink: AnySink, { constraint }: Shift): string {
  const [what] = assignments(sink, constraint);
  return `${displayName(relation)} has the ${constraint.kind} constraint ${displayIdentifier(constraint.name)} (${constraint.columns.map(({ name }) => name).join(", ")}), and ${what?.text} gives rows the values`;
}

interface Assignment {
  readonly column: string;
  readonly expression: string;
  readonly text: string;
  readonly isNumber: boolean;
}

/** The job's assignments to a constraint's columns, as the author wrote them. */
function assignments(sink: AnySink, { columns }: ComparingConstraint): Assignment[] {
  if (!(sink instanceof SqlUpdateSink)) return [];
  return columns.flatMap(({ name, isNumber }) => {
    const expression = sink.expressions[name]?.toString().trim();
    if (expression === undefined) return [];
    const column = displayIdentifier(name);
    return [{ column, expression, isNumber, text: `${column} = ${expression}` }];
  });
}

/** By way of values that no row holds: below zero. */
function twoJobs(sink: AnySink, { constraint }: Shift): string {
  const [first] = assignments(sink, constraint).filter(({ isNumber }) => isNumber);
  if (first === undefined) return "";
  const { column, expression } = first;
  return `Use two jobs, by way of values that no row holds: first ${column} = -(${expression}), then ${column} = -${column} where ${column} < 0; or `;
}

function oneStatement({ relation }: OpenedTable, sink: AnySink, { constraint }: Shift): string {
  const table = displayName(relation);
  const name = displayIdentifier(constraint.name);
  const set = assignments(sink, constraint).map(({ text }) => text);
  const deferrable =
    constraint.isDeferrable || constraint.kind === "exclusion"
      ? ""
      : ` (alter table ${table} drop constraint ${name}, add constraint ${name} unique (${constraint.columns.map((column) => displayIdentifier(column.name)).join(", ")}) deferrable;)`;
  return `by hand, in one statement, under a deferrable constraint${deferrable}: update ${table} set ${set.join(", ")} where …;`;
}
