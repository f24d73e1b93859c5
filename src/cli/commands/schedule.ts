import { alignColumns } from "../../describe/align-columns.ts";
import { UsageError } from "../../errors.ts";
import { targetsOf } from "../../fleet/enqueue/selection.ts";
import { addSchedule, listSchedules, removeSchedule, type Schedule } from "../../fleet/operate/schedules.ts";
import { planWaves } from "../../fleet/waves/plan-waves.ts";
import { orderOptions } from "../fleet/order-options.ts";
import { withQueue } from "../fleet/queue-address.ts";
import { readScheduled } from "../fleet/read-order.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { loadTargets } from "../targets/load-targets.ts";
import { printData, printJson, say } from "../terminal/output.ts";

/** `tidefill schedule add|list|remove` */
export const scheduleCommand = defineCommand({
  builder: (yargs) =>
    orderOptions(commonOptions(yargs))
      .positional("action", { choices: ["add", "list", "remove"] as const, demandOption: true })
      .positional("name", { type: "string" })
      .positional("times", {
        type: "string",
        describe: 'cron and a time zone: "0 22 * * Mon-Fri Europe/Berlin"',
      })
      .positional("what", {
        type: "string",
        array: true,
        describe: "after --: up, run <job>, or purge --yes",
      }),
  handler: async (given) => {
    const settings = commonSettings({ ...given, target: undefined });
    const { action, name, times } = given;
    // What follows `--` is not among the named words.
    const what = [...(given.what ?? []), ...given._.slice(1).map(String)];
    if (action === "list")
      return withQueue(settings, async (queue) => {
        const schedules = await listSchedules(queue);
        if (settings.json) printJson({ schedules });
        else printData(describe(schedules));
      });
    if (name === undefined)
      throw new UsageError("Name the schedule.", { remedy: `tidefill schedule ${action} <name>` });
    if (action === "remove") {
      await withQueue(settings, (queue) => removeSchedule(queue, name));
      if (settings.json) printJson({ removed: name });
      return say(`Removed the schedule ${name}.`);
    }
    if (times === undefined || what.length === 0)
      throw new UsageError("Say when, and what to do.", {
        remedy: `tidefill schedule add ${name} "0 22 * * Mon-Fri Europe/Berlin" --all-targets -- up`,
      });
    const order = await readScheduled(what, given);
    // It would come due at night, and fail then.
    const targets = targetsOf(order, (await (await loadTargets(settings.jobs))?.all()) ?? []);
    if (order.waves !== undefined) planWaves(targets, order.waves);
    const added = await withQueue(settings, (queue) => addSchedule(queue, name, times, order));
    if (settings.json) printJson(added);
    say(`${name}: ${whatOf(added)}, next at ${added.next.slice(0, 3).join(", ")}.`);
  },
});

function describe(schedules: readonly Schedule[]): string {
  if (schedules.length === 0)
    return 'There is no schedule. Add one: tidefill schedule add nightly "0 22 * * Mon-Fri Europe/Berlin" --all-targets -- up';
  return alignColumns([
    ["NAME", "TIMES", "WHAT", "NEXT"],
    ...schedules.map((each) => [
      each.name,
      `${each.cron} ${each.zone}`,
      whatOf(each),
      each.next[0] ?? "never",
    ]),
  ]);
}

function whatOf({ order: { action, job, target, targets, allTargets, waves } }: Schedule): string {
  const where =
    allTargets === true
      ? " on all targets"
      : (targets ?? target) === undefined
        ? ""
        : ` on ${targets ?? target}`;
  return `${action}${job === null ? "" : ` ${job}`}${where}${waves === undefined ? "" : ` in waves ${waves}`}`;
}
