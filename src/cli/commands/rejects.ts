import { alignColumns } from "../../describe/align-columns.ts";
import { retryRejects } from "../../engine/run/retry-rejects.ts";
import { UsageError } from "../../errors.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { loadJob } from "../jobs/load-job.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { printData, printJson, say } from "../terminal/output.ts";
import { exportRejects } from "../work/export-rejects.ts";
import { type WorkSettings, workOnRun } from "../work/work-on-run.ts";

/** `tidefill rejects <run|job>` */
export const rejectsCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      workOptions(commonOptions(yargs))
        .positional("run", {
          type: "string",
          demandOption: true,
          describe: "the run's number, or the job's name",
        })
        .option("limit", { type: "number", default: 100, describe: "show at most this many rejects" })
        .option("export", {
          type: "string",
          requiresArg: true,
          describe: "write all rejects to this new file, .csv or .ndjson",
        })
        .option("retry", {
          // No default: it would count as given, and `--export` would always be refused.
          type: "boolean",
          describe: "try only the rejects once more, as a run of its own",
          conflicts: "export",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      const { limit, export: file } = given;
      if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--limit wants a whole number from 1.");
      if (given.retry) return retry(settings, given, given.run);
      await withStore(settings, async (session) => {
        const { db, store } = session;
        const { job } = await store.runs.require(db, given.run);
        await store.runs.settle(db, job);
        const run = await store.runs.require(db, given.run);
        if (file !== undefined) return exportAll(session, run, { file, json: settings.json });
        return show(session, run, { limit, json: settings.json });
      });
    },
  },
  { goesOn: true },
);

async function retry(settings: CommonSettings, work: WorkSettings, name: string): Promise<void> {
  const { id, job } = await withStore(settings, async ({ db, store }) => store.runs.require(db, name));
  const loaded = await loadJob(settings.jobs, job);
  await workOnRun(settings, work, loaded, (options) => retryRejects(loaded.job, String(id), options));
}

async function show(
  { db, store }: Session,
  run: Run,
  { limit, json }: { readonly limit: number; readonly json: boolean },
): Promise<void> {
  const total = await store.rejects.count(db, run.id);
  const rejects = await store.rejects.list(db, run.id, limit);
  if (json) return printJson({ run: Number(run.id), job: run.job, total, rejects });
  if (total === 0) return printData(`Run ${run.id} of ${run.job} has no rejects.`);
  const rows = rejects.map(({ key, sqlstate, reason }) => [key.join(", "), sqlstate ?? "–", reason]);
  printData(alignColumns([["KEY", "SQLSTATE", "REASON"], ...rows]));
  if (total > rejects.length) say(`${total - rejects.length} more: --limit ${total}`);
}

async function exportAll(
  session: Session,
  run: Run,
  { file, json }: { readonly file: string; readonly json: boolean },
): Promise<void> {
  const exported = await exportRejects(session, run.id, file);
  if (json) printJson({ run: Number(run.id), job: run.job, exported, file });
  say(`Wrote ${exported} rejects of run ${run.id} of ${run.job} to ${file}.`);
}
