import { describeQueue, readQueue } from "../../describe/describe-queue.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { dropItems, retryDead } from "../../fleet/operate/dead-items.ts";
import { type Item, itemName } from "../../fleet/queue/item.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import { within } from "../../within.ts";
import { withQueue } from "../fleet/queue-address.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { drawAgain, printData, printJson, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";

const watchEveryMs = 1_000;

/** `tidefill queue [retry|drop] [<id>|all] [--watch]` */
export const queueCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("action", { choices: ["retry", "drop"] as const })
      .positional("id", {
        type: "string",
        describe: "the beginning of an item's id; `all` dead letters; to drop the waves of a job, its name",
      })
      .option("watch", { type: "boolean", default: false, describe: "refresh every second, until Ctrl-C" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const { action, id } = given;
    await withQueue(settings, async (queue) => {
      if (action === undefined) return given.watch ? watch(queue, settings.json) : show(queue, settings.json);
      if (id === undefined)
        throw new UsageError(`Name what to ${action}.`, {
          remedy: `tidefill queue ${action} <id>   or: tidefill queue ${action} all`,
        });
      const items = action === "retry" ? await retryDead(queue, id) : await dropItems(queue, id);
      if (settings.json) printJson({ [action === "retry" ? "sent" : "dropped"]: items.map(named) });
      for (const item of items) say(`${action === "retry" ? "sent again" : "dropped"}: ${itemName(item)}`);
    });
  },
});

function named({ job, action, target, machine }: Item) {
  return { job: job ?? action, target, machine };
}

async function show(queue: Queue, json: boolean): Promise<void> {
  const read = await readQueue(queue);
  if (json) printJson(read);
  else printData(describeQueue(read));
}

async function watch(queue: Queue, json: boolean): Promise<void> {
  const signals = new ProcessSignals();
  const stopped = new Promise<void>((resolve) => signals.signal.addEventListener("abort", () => resolve()));
  process.once("SIGINT", () => process.exit(exitCodes.done));
  for (let lines = 0; ; ) {
    const read = await readQueue(queue);
    if (json) printData(JSON.stringify(read));
    else lines = drawAgain(describeQueue(read), lines);
    await within(watchEveryMs, stopped);
  }
}
