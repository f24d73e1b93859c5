import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobState } from "../engine/job-state.ts";
import type { Job } from "../job/define-job.ts";
import { formatInterval } from "../observe/format.ts";
import type { RunPlan } from "../plan/plan-run.ts";
import type { PlannedStep } from "../plan/plan-steps.ts";

/** One line of what people ask before they let a job run, answered from facts. */
export interface ChecklistLine {
  readonly question: string;
  readonly isGood: boolean;
  readonly answer: string;
}

/** Reversible, backed up, fast enough, checked, documented, tested, watched? */
export function checklist(
  state: JobState,
  plan: RunPlan | null,
  steps: readonly PlannedStep[],
  folder: string,
): readonly ChecklistLine[] {
  const { job } = state;
  return [
    reversible(job, steps),
    backup(job, steps, plan),
    performance(job, plan),
    integrity(job),
    documented(job, folder),
    tested(job, folder),
    watched(),
  ];
}

function reversible(job: Job, steps: readonly PlannedStep[]): ChecklistLine {
  const question = "reversible";
  const oneWay = steps.filter(({ hasWayBack }) => !hasWayBack).map(({ name }) => name);
  if (!job.undoable)
    return { question, isGood: false, answer: "no: the job keeps no undo log (undoable: false)" };
  if (oneWay.length > 0) return { question, isGood: false, answer: `no way back for: ${oneWay.join(", ")}` };
  const rows = job.kind === "steps" ? [] : ["its rows by the undo log"];
  const back = steps.length === 0 ? [] : [`its ${steps.length} steps by their way back`];
  return { question, isGood: true, answer: `yes: ${[...rows, ...back].join(", ")}` };
}

function backup(job: Job, steps: readonly PlannedStep[], plan: RunPlan | null): ChecklistLine {
  const question = "backup";
  const isNeeded = job.destructive || !job.undoable || steps.some(({ name }) => name.startsWith("drop "));
  if (!isNeeded)
    return { question, isGood: true, answer: "not needed: nothing is lost that the undo log does not keep" };
  const isMissing = plan?.refusals.some(({ check }) => check === "backup-is-there") ?? true;
  if (job.backup.check !== null)
    return { question, isGood: !isMissing, answer: "by a check of the job's own" };
  return isMissing
    ? { question, isGood: false, answer: `needed and not there: tidefill backup ${job.name} --to <dir>` }
    : { question, isGood: true, answer: "there, read back and young enough" };
}

function performance(job: Job, plan: RunPlan | null): ChecklistLine {
  const question = "performance";
  if (job.kind === "steps")
    return { question, isGood: true, answer: "no rows; locks are asked for in short attempts" };
  const forecast = plan?.details?.forecast;
  if (forecast?.seconds == null)
    return { question, isGood: false, answer: `not measured: tidefill run ${job.name} --dry-run` };
  const { low, high } = forecast.seconds;
  return {
    question,
    isGood: true,
    answer: `${formatInterval([low, high])}, by run ${forecast.measuredByRun}`,
  };
}

function integrity({ integrity: queries }: Job): ChecklistLine {
  const question = "integrity";
  if (queries.length === 0)
    return {
      question,
      isGood: false,
      answer: "no query says what must hold: add integrity: [{ name, query }]",
    };
  return { question, isGood: true, answer: `${queries.map(({ name }) => name).join(", ")}` };
}

const endings = [".ts", ".mts", ".js", ".mjs"];

function documented({ name }: Job, folder: string): ChecklistLine {
  const question = "documented";
  const file = endings.map((ending) => join(folder, `${name}${ending}`)).find((path) => existsSync(path));
  const text = file === undefined ? "" : readFileSync(file, "utf8");
  const lines = text.split("\n").filter((line) => /^\s*(\/\/|\/?\*)/.test(line)).length;
  return lines === 0
    ? { question, isGood: false, answer: "its file says nothing of why it is there: begin it with a comment" }
    : { question, isGood: true, answer: `${lines} lines of comment in ${file}` };
}

function tested({ name }: Job, folder: string): ChecklistLine {
  const question = "tested";
  const found = [...filesBelow(folder, 2), ...filesBelow("test", 3), ...filesBelow("tests", 3)].find(
    (path) => /\.(test|spec)\.[cm]?[jt]s$/.test(path) && readFileSync(path, "utf8").includes(name),
  );
  return found === undefined
    ? { question, isGood: false, answer: `no test names it: write ${join(folder, `${name}.test.ts`)}` }
    : { question, isGood: true, answer: found };
}

function watched(): ChecklistLine {
  const question = "alerts";
  const found = filesBelow(".", 4).find(
    (path) => /\.ya?ml$/.test(path) && /\balert:[\s\S]*\btidefill_/.test(readFileSync(path, "utf8")),
  );
  return found === undefined
    ? {
        question,
        isGood: false,
        answer: "no rule in this folder asks for tidefill_…: the package brings them in grafana/alerts",
      }
    : { question, isGood: true, answer: found };
}

function filesBelow(folder: string, depth: number): string[] {
  if (depth === 0 || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, depth - 1) : entry.isFile() ? [path] : [];
  });
}
