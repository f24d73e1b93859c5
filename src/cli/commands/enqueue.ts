import { UsageError } from "../../errors.ts";
import { type Enqueued, enqueueOrder } from "../../fleet/enqueue/enqueue-order.ts";
import { targetsOf } from "../../fleet/enqueue/selection.ts";
import { type Duration, parseDuration } from "../../job/pace/duration.ts";
import { untilInstant } from "../../job/pace/until-instant.ts";
import { formatCount } from "../../observe/format.ts";
import { orderOptions } from "../fleet/order-options.ts";
import { withQueue } from "../fleet/queue-address.ts";
import { readOrder } from "../fleet/read-order.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { loadTargets } from "../targets/load-targets.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";

/** `tidefill enqueue <job>` */
export const enqueueCommand = defineCommand({
  builder: (yargs) =>
    orderOptions(commonOptions(yargs))
      .positional("job", { type: "string", demandOption: true })
      .option("at", { type: "string", requiresArg: true, describe: 'not before: "22:00 Europe/Berlin"' })
      .option("waves", {
        type: "string",
        requiresArg: true,
        describe: "targets in these waves, each verified before the next begins: 1,10%,100%",
      })
      .option("soak", {
        type: "string",
        requiresArg: true,
        describe: "how long to wait after each wave (1m when not given)",
      }),
  handler: async (given) => {
    const { soak, waves, at } = given;
    if (soak !== undefined && waves === undefined)
      throw new UsageError("A soak time belongs to waves.", { remedy: "--waves 1,10%,100% --soak 10m" });
    const settings = commonSettings({ ...given, target: undefined });
    const order = await readOrder(given.job, given);
    const targets = targetsOf(order, (await (await loadTargets(settings.jobs))?.all()) ?? []);
    const soakMs = soak === undefined ? undefined : parseDuration(soak as Duration);
    const startAfter = at === undefined ? undefined : untilInstant(at, new Date());
    const sent = await withQueue(settings, (queue) =>
      queue.transaction((tx) =>
        enqueueOrder(queue.boss, tx, { order, targets }, { startAfter, waves, soakMs }),
      ),
    );
    if (settings.json) printJson(sent);
    const later =
      startAfter === undefined ? "" : ` Not before ${startAfter.toISOString().replace(".000Z", "Z")}.`;
    say(`${describe(given.job, sent, given.machines)}${later}`);
    if (sent.sent > 0)
      say(`${emphasise("cyan", "→")} tidefill queue   shows it; a worker takes it: tidefill work`);
  },
});

function describe(job: string, { sent, targets, waves }: Enqueued, machines: number): string {
  const where = targets === 1 ? "" : ` for ${formatCount(targets)} targets`;
  if (waves.length > 0)
    return `${job}${where} goes in ${waves.length} waves (${waves.join(", ")} targets): ${items(sent)} sent.`;
  const known = targets * machines - sent;
  const twice = known > 0 ? `; ${formatCount(known)} were in the queue already` : "";
  return `${job}${where}: ${items(sent)} sent${twice}.`;
}

function items(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "item" : "items"}`;
}
