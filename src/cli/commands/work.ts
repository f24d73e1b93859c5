import { hostname } from "node:os";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { ownTarget } from "../../fleet/queue/item.ts";
import type { Targets } from "../../fleet/targets/define-targets.ts";
import { FleetWorker } from "../../fleet/work/fleet-worker.ts";
import { WorkerTargets } from "../../fleet/work/worker-targets.ts";
import type { Duration } from "../../job/pace/duration.ts";
import { jobsHere } from "../fleet/jobs-here.ts";
import { openQueue } from "../fleet/queue-address.ts";
import { WorkObserver } from "../fleet/work-observer.ts";
import { FleetNotifier } from "../notify/fleet-notifier.ts";
import { notifyOptions, receiverOf } from "../notify/notify-options.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { located } from "../options/with-store.ts";
import { loadTargets } from "../targets/load-targets.ts";
import { say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";
import { toTidefillError } from "../terminal/to-tidefill-error.ts";
import { withTarget } from "../terminal/typed-options.ts";

/** `tidefill work` */
export const workCommand = defineCommand({
  builder: (yargs) =>
    notifyOptions(commonOptions(yargs))
      .option("slots", { type: "number", default: 1, describe: "items that this worker does at once" })
      .option("targets", {
        type: "string",
        requiresArg: true,
        describe: "serve only the targets whose names match: 'eu-*,us-1'",
      })
      .option("once", {
        type: "boolean",
        default: false,
        describe: "end when nothing waits that could begin now",
      })
      .option("workers", {
        type: "number",
        describe: "ranges of each run that this process works on at a time",
      })
      .option("lease", {
        type: "string",
        default: "10s",
        describe: "how long a vanished worker keeps its range",
      })
      .option("metrics-port", {
        type: "number",
        describe: "serve /metrics, /healthz and /readyz on this port",
      })
      .option("metrics-host", {
        type: "string",
        default: "127.0.0.1",
        requiresArg: true,
        describe: "the address on which they are served; 0.0.0.0 for all",
      })
      .option("log", {
        type: "string",
        requiresArg: true,
        describe: "append every event to this file as JSON lines",
      }),
  handler: async (given) => {
    const { slots, once, workers, targets: patterns } = given;
    requireNumbers(given);
    const settings = commonSettings(given);
    const receiver = receiverOf(given);
    const listed = await listedTargets(settings.jobs, patterns);
    const signals = new ProcessSignals();
    signals.listen();
    await located(settings, async (own) => {
      const targets = new WorkerTargets(listed, { ...own, schema: settings.schema }, patterns);
      await targets.requireMatches();
      const queue = await openQueue(own, {
        supervises: true,
        name: `tidefill on ${hostname()}`,
      });
      const jobs = await jobsHere(settings);
      const observer = await WorkObserver.open(
        queue,
        given,
        receiver === null ? null : new FleetNotifier(receiver, queue, targets),
      );
      try {
        say(
          `Waiting for items, ${slots === 1 ? "one" : `up to ${slots}`} at once. Ctrl-C ends after the current batches.`,
        );
        const worker = new FleetWorker(queue, {
          jobs,
          targets,
          slots,
          once,
          signal: signals.signal,
          listener: observer,
          explain: toTidefillError,
          withTarget: (target, text) => (target === ownTarget ? text : withTarget(target, text)),
          options: { workers, lease: given.lease as Duration },
        });
        await worker.run();
        if (once && observer.hasDied) process.exitCode = exitCodes.incomplete;
      } finally {
        await observer.close();
        await queue.close();
        signals.ignore();
      }
    });
  },
});

/** @throws UsageError for patterns without a list that they could match */
async function listedTargets(jobs: string, patterns: string | undefined): Promise<Targets | null> {
  const listed = await loadTargets(jobs);
  if (listed === null && patterns !== undefined)
    throw new UsageError(
      "There is no tidefill.targets.ts beside the folder of the jobs, so --targets has no meaning.",
    );
  return listed;
}

/** @throws UsageError */
function requireNumbers({
  slots,
  metricsPort,
}: {
  readonly slots: number;
  readonly metricsPort?: number | undefined;
}): void {
  if (!Number.isInteger(slots) || slots < 1 || slots > 100)
    throw new UsageError(`--slots must be a whole number from 1 to 100, got ${slots}.`);
  if (
    metricsPort !== undefined &&
    !(Number.isInteger(metricsPort) && metricsPort >= 0 && metricsPort < 65_536)
  )
    throw new UsageError(`--metrics-port must be a port from 1 to 65535, got ${metricsPort}.`);
}
