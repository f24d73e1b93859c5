import { type BackupReport, backupJob } from "../../backup/backup-job.ts";
import type { BackupProgress } from "../../backup/backup-progress.ts";
import { type RestoreQuestion, restoreBackup } from "../../backup/restore-backup.ts";
import type { RestoreReport } from "../../backup/restore-report.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { formatCount } from "../../observe/format.ts";
import { loadJob } from "../jobs/load-job.ts";
import { defineCommand } from "../options/define-command.ts";
import { parseParameters } from "../options/parse-parameters.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";

/** `tidefill backup restore <dir>` */
const restoreCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("dir", { type: "string", demandOption: true, describe: "the directory of the backup" })
      .option("overwrite", {
        type: "boolean",
        default: false,
        describe: "also overwrite rows that differ from the backup",
      })
      .option("yes", { type: "boolean", default: false, describe: "do not ask for confirmation" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const { overwrite, yes } = given;
    const report = await withAddress(settings, (address) =>
      restoreBackup(given.dir, {
        ...address,
        schema: settings.schema,
        overwrite,
        onProgress: sayNowAndThen("restored"),
        confirm: (question) => requireConfirmation(yes, ask(question, overwrite), question.job),
      }),
    );
    if (settings.json) printJson(report);
    sayRestored(report, overwrite);
    process.exitCode = isComplete(report) ? exitCodes.done : exitCodes.incomplete;
  },
});

/** `tidefill backup <job>`, `tidefill backup restore <dir>` */
export const backupCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("job", { type: "string" })
      .option("to", { type: "string", global: false, describe: "a new directory, or an empty one" })
      .option("param", {
        type: "string",
        array: true,
        global: false,
        default: [],
        describe: "a parameter of the job, name=value",
      })
      .command({
        command: "restore <dir>",
        describe: "restore the missing rows of a backup; newer rows are overwritten only with --overwrite",
        ...restoreCommand,
      }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const { name, directory } = requireNamed(given.job, given.to);
    const { job } = await loadJob(settings.jobs, name);
    const report = await withAddress(settings, (address) =>
      backupJob(job, {
        ...address,
        schema: settings.schema,
        directory,
        parameters: parseParameters(given.param),
        onProgress: sayNowAndThen("exported"),
      }),
    );
    if (settings.json) printJson(report);
    sayBackedUp(report);
  },
});

function requireNamed(name = "", directory = "") {
  if (name !== "" && directory !== "") return { name, directory };
  throw new UsageError(name === "" ? "Name the job." : "A backup needs a directory.", {
    remedy: `Write tidefill backup ${name === "" ? "<job>" : name} --to <dir>`,
  });
}

const progressEveryMs = 5_000;

/** Prints how far it is, at most every five seconds. */
function sayNowAndThen(what: string): (progress: BackupProgress) => void {
  let last = performance.now();
  return ({ rows }) => {
    if (performance.now() - last < progressEveryMs) return;
    last = performance.now();
    say(`  ${formatCount(rows)} rows ${what}`);
  };
}

function sayBackedUp(report: BackupReport): void {
  const { job, rows, kind, table, bytes, files, directory } = report;
  say(
    `${emphasise("green", "verified")}  ${job}: ${formatCount(rows)} rows of ${table} (${kind}) in ${formatCount(files)} files of ${formatCount(bytes)} bytes, read back and compared`,
  );
  if (report.personalData) {
    say("The files hold personal data in plain text: store and delete them as the law requires.");
  }
  say(`${emphasise("cyan", "→")} To restore rows: tidefill backup restore ${directory}`);
}

function ask({ rows, kind, table, startedAt, from, into }: RestoreQuestion, overwrite: boolean): string {
  const what = `${formatCount(rows)} rows (${kind}) as they were on ${startedAt} in the database ${from}`;
  const how = overwrite ? ", overwriting newer values" : "";
  return `Restore ${table} in the database ${into} from ${what}${how}?`;
}

function sayRestored(report: RestoreReport, overwrite: boolean): void {
  const { restored, alreadyRight, conflicts, gone, altered, rows } = report;
  const counts = [
    `${formatCount(restored)} restored`,
    `${formatCount(alreadyRight)} already right`,
    `${formatCount(conflicts)} conflicts`,
    `${formatCount(gone)} gone`,
  ];
  const colour = isComplete(report) ? "green" : "yellow";
  say(
    `${emphasise(colour, "restored")}  ${report.job}, ${report.table}: ${counts.join(", ")} of ${formatCount(rows)} rows`,
  );
  if (altered > 0) {
    say(
      `${formatCount(altered)} of the restored rows differ from the backup: a trigger or a column's type changed them.`,
    );
  }
  for (const key of report.conflictKeys) say(`  conflict  ${key.join(", ")}`);
  const more = conflicts - report.conflictKeys.length;
  if (more > 0) say(`  and ${formatCount(more)} more`);
  if (conflicts === 0) return;
  say(
    overwrite
      ? "These rows cannot be overwritten: newer rows hold their unique values, or they differ in a column that is always generated."
      : `${emphasise("cyan", "→")} To overwrite newer values: tidefill backup restore ${report.directory} --overwrite`,
  );
}

function isComplete({ conflicts, gone, altered }: RestoreReport): boolean {
  return conflicts + gone + altered === 0;
}
