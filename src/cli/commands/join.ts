import { joinRun } from "../../engine/run/join-run.ts";
import type { Duration } from "../../job/pace/duration.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { FirstProcess } from "../processes/first-process.ts";
import { replicasVariable } from "../processes/further-processes.ts";
import { loadJobOfRun } from "../work/load-job-of-run.ts";

/** `tidefill join <run>`, which `--processes` starts */
export const joinCommand = defineCommand({
  builder: (yargs) =>
    workOptions(commonOptions(yargs)).positional("run", { type: "string", demandOption: true }),
  handler: async (given) => {
    const first = new FirstProcess(given.run);
    first.listen();
    const settings = commonSettings(given);
    try {
      const { id, loaded } = await loadJobOfRun(settings, given.run);
      await withAddress(settings, (address) =>
        joinRun(loaded?.job ?? null, id, {
          ...address,
          schema: settings.schema,
          workers: given.workers,
          replicas: JSON.parse(process.env[replicasVariable] ?? "[]") as string[],
          lease: given.lease as Duration,
          signal: first.signal,
          onEvent: (event) => first.tell(event),
          files: loaded?.files,
        }),
      );
    } finally {
      first.leave();
    }
  },
});
