import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import { examine } from "../../health/examine.ts";
import type { Finding } from "../../health/finding.ts";
import { loadInOrder } from "../jobs/load-in-order.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { exitCodes } from "../terminal/exit-code.ts";
import { emphasise, printData, printJson, say, visible } from "../terminal/output.ts";

/** `tidefill check [--require <job>]` */
export const checkCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs).option("require", {
      type: "string",
      array: true,
      default: [] as readonly string[],
      describe: "check only these jobs, before you deploy code that depends on them",
    }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const all = await loadInOrder(settings, undefined);
    const names = all.map(({ job }) => job.name);
    const stranger = given.require.find((name) => !names.includes(name));
    if (stranger !== undefined)
      throw new UsageError(`There is no job "${stranger}" in ${settings.jobs}/.`, {
        remedy: `${didYouMean(stranger, names)}It has: ${names.join(", ")}.`,
      });
    const { require } = given;
    const found = await withStore(settings, (session) => examine(session, all, require), {
      needsSchema: false,
    });
    // --require is a gate before a deploy: only the named jobs count, and their contract steps come after it.
    const isOfGate = ({ job, code }: Finding) => require.includes(job ?? "") && code !== "open-steps";
    const findings = require.length > 0 ? found.filter(isOfGate) : found;
    const count = require.length > 0 ? new Set(require).size : all.length;
    if (settings.json) printJson({ findings });
    else if (findings.length > 0) printData(findings.map(describe).join("\n"));
    if (findings.length === 0) say(`${emphasise("green", "ok")}  ${count} jobs, nothing to do.`);
    process.exitCode = findings.length > 0 ? exitCodes.refused : exitCodes.done;
  },
});

function describe({ code, message, remedy }: Finding): string {
  return visible(`${code}: ${message} → ${remedy}`);
}
