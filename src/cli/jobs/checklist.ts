import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { ChecklistLine } from "../../describe/describe-plan.ts";
import type { BackupFacts } from "../../engine/preview/backup-facts.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { formatInterval } from "../../observe/format.ts";
import type { RunPlan } from "../../plan/plan-run.ts";
import type { PlannedStep } from "../../plan/plan-steps.ts";
import { explanationOf, filesBelow, isToDo, testOf } from "./job-facts.ts";
import { fileOf } from "./job-files.ts";

/** Reversible, backed up, fast enough, checked, documented, tested, watched? */
export function checklist(
  job: Job,
  facts: {
    readonly plan: RunPlan | null;
    readonly steps: readonly PlannedStep[];
    readonly backup: BackupFacts;
  },
  folder: string,
): readonly ChecklistLine[] {
  const { plan, steps } = facts;
  return [
    reversible(job, steps),
    backup(job, facts.backup),
    performance(job, plan),
    integrity(job),
    documented(job, folder),
    tested(job, folder),
    watched(),
  ];
}

function reversible(job: Job, steps: readonly PlannedStep[]): ChecklistLine {
  const question = "reversible";
  const oneWay = steps.filter(({ isReversible }) => !isReversible).map(({ name }) => name);
  if (!job.undoable)
    return { question, isGood: false, answer: "no: the job keeps no undo log (undoable: false)" };
  if (oneWay.length > 0) return { question, isGood: false, answer: `cannot be undone: ${oneWay.join(", ")}` };
  const rows = job.kind === "steps" ? [] : ["its rows by the undo log"];
  const back =
    steps.length === 0
      ? []
      : [steps.length === 1 ? "its step can be undone" : `each of its ${steps.length} steps can be undone`];
  return { question, isGood: true, answer: `yes: ${[...rows, ...back].join(", ")}` };
}

function backup({ kind, backup: { check } }: Job, { losses, remedy }: BackupFacts): ChecklistLine {
  const question = "backup";
  if (losses.length === 0) {
    const why = kind === "steps" ? "its steps destroy nothing" : "the undo log keeps everything that is lost";
    return { question, isGood: true, answer: `not needed: ${why}` };
  }
  const what = losses.join(", ");
  if (remedy !== null)
    return { question, isGood: false, answer: `needed for ${what}, but missing: ${remedy}` };
  const by = check === null ? "read back and recent enough" : "confirmed by the job's own check";
  return { question, isGood: true, answer: `present for ${what}: ${by}` };
}

function performance(job: Job, plan: RunPlan | null): ChecklistLine {
  const question = "performance";
  if (job.kind === "steps")
    return { question, isGood: true, answer: "no rows; locks are requested in short attempts" };
  const forecast = plan?.details?.forecast;
  if (forecast?.seconds == null)
    return {
      question,
      isGood: false,
      answer: `not measured yet by a run of 1,000 rows or more; to measure a part: tidefill run ${job.name} --canary 1%`,
    };
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

function documented({ name }: Job, folder: string): ChecklistLine {
  const question = "documented";
  const found = explanationOf(name, shownFile(folder, name));
  return found === undefined
    ? {
        question,
        isGood: false,
        answer:
          "nothing explains the job: begin its file with a comment, or name it in a heading of the documentation",
      }
    : { question, isGood: true, answer: found };
}

function tested({ name }: Job, folder: string): ChecklistLine {
  const question = "tested";
  const file = shownFile(folder, name);
  const found = file === undefined ? undefined : testOf(file, folder);
  if (found === undefined)
    return {
      question,
      isGood: false,
      answer: `no test imports it: write ${join(folder, `${name}.test.ts`)}`,
    };
  if (isToDo(found)) return { question, isGood: false, answer: `${found} imports it, but is still a todo` };
  return { question, isGood: true, answer: `${found} imports it` };
}

function shownFile(folder: string, name: string): string | undefined {
  const path = fileOf(folder, name);
  return path === undefined ? undefined : relative(".", path);
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
        answer:
          "no alert rule in this folder uses a tidefill_… metric: the package has some in grafana/alerts",
      }
    : { question, isGood: true, answer: found };
}
