import type { Job } from "../job/definition/define-job.ts";
import type { Step } from "../job/steps/steps.ts";
import { Sql } from "../postgres/sql/sql.ts";
import { SqlInsertSink } from "../sink/definitions/insert.ts";
import { SqlMoveSink } from "../sink/definitions/move.ts";
import { SqlUpdateSink } from "../sink/definitions/update.ts";
import { TableRows } from "../source/table/table-rows.ts";
import { requireCodes } from "../sql-checks/acknowledge.ts";
import { checkExpression } from "../sql-checks/check-expression.ts";
import { checkSql } from "../sql-checks/check-sql.ts";
import type { Finding } from "../sql-checks/syntax/rule.ts";
import { statementsOf } from "../steps/statements/statements-of.ts";
import type { Refusal } from "./open/check.ts";

/** What an SQL check says about one place in a job. */
export interface SqlFinding extends Finding {
  /** the step, or the purpose of the expression: `sink: total` */
  readonly place: string;
  /** a hint, no reason to refuse */
  readonly isAdvice: boolean;
}

/** Hints: the search path also decides for the application, and a batch commits once despite retries. */
const advice: ReadonlySet<string> = new Set([
  "unqualified-table",
  "unqualified-function",
  "non-repeatable-expression",
]);

/** Finds SQL that would harm a live table, in a job's steps and expressions, without asking the database. */
export async function findUnsafeSql(job: Job, parameters: object | null): Promise<readonly SqlFinding[]> {
  const findings = [...(await ofSteps(job)), ...(await ofIntegrity(job))];
  if (job.kind === "steps" || parameters === null) return findings;
  for (const [place, expression] of expressionsOf(job, parameters)) {
    const found = await checkExpression(expression.toString(), { isRetried: true, known: {} });
    findings.push(...found.filter(({ code }) => job.known[code] === undefined).map(at(place)));
  }
  return findings;
}

/** Why the job's steps would be refused. */
export async function refusalsOfSteps(job: Job): Promise<readonly Refusal[]> {
  const findings = (await ofSteps(job)).filter(({ isAdvice }) => !isAdvice);
  return findings.map(({ place, code, reason, safeForm }) => ({
    check: "sql-is-safe",
    message: `The step "${place}" of ${job.name}: ${reason} (${code})`,
    remedy: `${safeForm} If you know better: known: { "${code}": "why it is right here" }`,
  }));
}

async function ofSteps(job: Job): Promise<readonly SqlFinding[]> {
  requireCodes(job.known, job.name);
  const findings: SqlFinding[] = [];
  const before: string[] = [];
  for (const step of [...job.expand, ...job.contract]) {
    requireCodes(step.known, `the step "${step.name}" of ${job.name}`);
    const up = statementsOf(step, null).up.map(({ text }) => text.toString());
    for (const { text, isTransactional, after } of textsOf(step)) {
      const context = {
        isTransactional,
        isRetried: !isTransactional,
        textsBefore: [...before, ...after],
        known: step.known,
      };
      const found = await checkSql(text, context);
      findings.push(...found.filter((finding) => !isOwnTable(step, finding)).map(at(step.name)));
    }
    before.push(...up);
  }
  return findings;
}

async function ofIntegrity(job: Job): Promise<readonly SqlFinding[]> {
  const findings: SqlFinding[] = [];
  for (const { name, query } of job.integrity) {
    const context = { isTransactional: true, isRetried: false, known: job.known };
    findings.push(...(await checkSql(query.toString(), context)).map(at(`integrity: ${name}`)));
  }
  return findings;
}

interface Text {
  readonly text: string;
  readonly isTransactional: boolean;
  /** texts of the same step that ran before it: a step's undo finds what the step has made */
  readonly after: readonly string[];
}

/** The statements that contain SQL of the author; tidefill writes all other statements in their safe form. */
function textsOf(step: Step): readonly Text[] {
  switch (step.kind) {
    case "create table":
    case "add column":
    case "add constraint":
    case "create index":
      return statementsOf(step, null)
        .up.filter(({ onlyIf }) => onlyIf === undefined)
        .map(({ text, isTransactional }) => ({
          text: text.toString(),
          isTransactional,
          after: [],
        }));
    case "sql": {
      const { done, transactional: isTransactional } = step;
      const both = [...step.up, ...(step.down ?? [])].map(String);
      return [
        ...both.map((text, index) => ({ text, isTransactional, after: both.slice(0, index) })),
        ...(done === null ? [] : [{ text: done.toString(), isTransactional: true, after: [] }]),
      ];
    }
    default:
      return [];
  }
}

/** A step's own table is looked up like a job's; other tables that its SQL names are not. */
function isOwnTable(step: Step, { code, table }: Finding): boolean {
  if (code !== "unqualified-table" || step.kind === "sql" || step.kind === "create table") return false;
  return "table" in step && step.table.schema === null && step.table.name === table;
}

function expressionsOf(job: Job, parameters: object): readonly (readonly [place: string, expression: Sql])[] {
  const { source, sink } = job.bind(parameters);
  const conditions =
    source instanceof TableRows ? { where: source.where, pending: source.pending } : { where: null };
  const hasExpressions =
    sink instanceof SqlUpdateSink || sink instanceof SqlInsertSink || sink instanceof SqlMoveSink;
  const values = hasExpressions ? sink.expressions : {};
  const places = [
    ...Object.entries(conditions),
    ...Object.entries(values).map(([column, value]) => [`sink: ${column}`, value] as const),
  ];
  return places.filter((place): place is [string, Sql] => place[1] instanceof Sql);
}

function at(place: string): (finding: Finding) => SqlFinding {
  return (finding) => ({ ...finding, place, isAdvice: advice.has(finding.code) });
}
