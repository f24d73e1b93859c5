import { describeStayingCalls } from "../../describe/describe-calls.ts";
import { requireUndoable, whyNot } from "../../engine/undo/require-undoable.ts";
import { runToUndo, undoRun } from "../../engine/undo/undo-run.ts";
import { UsageError } from "../../errors.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { loadJob } from "../jobs/load-job.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { emphasise, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";
import { undoTo } from "../work/undo-to.ts";
import { workOnRun } from "../work/work-on-run.ts";

/** `tidefill undo <run|job>` */
export const undoCommand = defineTargetCommand({
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("run", { type: "string", describe: "the run's number, or the job's name" })
      .option("to", {
        type: "string",
        requiresArg: true,
        describe: "undo all jobs that were done after this one, with their steps; `nothing` undoes all jobs",
      })
      .option("yes", { type: "boolean", default: false, describe: "do not ask for confirmation" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    if (given.to !== undefined) return undoTo(settings, given, given.to);
    const { run: name } = given;
    if (name === undefined)
      throw new UsageError("Name the run, or the job to go back to.", {
        remedy: "tidefill undo <run>   or   tidefill undo --to <job>",
      });
    const { run, later } = await withStore(
      settings,
      async (session) => {
        const found = await runToUndo(session, name);
        if (found.kind === "run" && isFinished(found.status)) requireUndoable(found);
        return { run: found, later: (await undoable(session, found)).filter(({ id }) => id > found.id) };
      },
      { isAnnounced: true },
    );
    if (later.length > 0 && run.kind === "run")
      say(
        `${emphasise("yellow", "note")}  ${later.map(({ id }) => `Run ${id}`).join(", ")} came later and stays: rows that it changed too will be conflicts, which no second undo mends. To undo it first: tidefill undo ${later[0]?.id}`,
      );
    const staying = describeStayingCalls([run]);
    if (staying !== null) say(`${emphasise("yellow", "note")}  ${staying}`);
    await requireConfirmation(given.yes, `Undo run ${run.id} of ${run.job}?`, run.job);
    const job = await loadJob(settings.jobs, run.job).then(
      (loaded) => loaded.job,
      () => undefined,
    );
    await workOnRun(settings, given, null, (options) => undoRun(String(run.id), { ...options, job }));
    if (!settings.json) await sayWhatStays(settings, run);
  },
});

/** The other runs of the job that have written rows and can be undone; newest first. */
async function undoable({ db, store }: Session, { job, id }: Run): Promise<readonly Run[]> {
  const found = await store.runs.notUndone(db, job, true);
  return found.filter((run) => run.id !== id && whyNot(run) === null);
}

/** An undo undoes one run, and no steps: what else the job has left is said. */
async function sayWhatStays(settings: CommonSettings, undone: Run): Promise<void> {
  const { job } = undone;
  const { left, names } = await withStore(settings, async (session) => {
    const known = await session.store.steps.known(session.db, job);
    return {
      left: (await undoable(session, undone)).map(({ id }) => id),
      names: known.filter(({ phase }) => phase === "expand").map(({ name }) => name),
    };
  });
  if (left.length === 1)
    say(
      `${emphasise("cyan", "→")} Run ${left[0]} of ${job} is not undone. If it was wrong, too: tidefill undo ${left[0]}`,
    );
  if (left.length > 1)
    say(
      `${emphasise("cyan", "→")} Runs ${left.join(", ")} of ${job} are not undone. If they were wrong, too, undo the newest first: tidefill undo ${left[0]}`,
    );
  if (names.length > 0)
    say(
      `${emphasise("cyan", "→")} The expand steps stay (${names.join(", ")}). To undo them as well: tidefill undo --to <job before it>   or, where there is none: tidefill undo --to nothing`,
    );
}
