import { alignColumns } from "../../describe/align-columns.ts";
import { visible } from "../../describe/visible.ts";
import { didYouMean } from "../../did-you-mean.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { examine } from "../../health/examine.ts";
import type { Finding } from "../../health/finding.ts";
import { loadInOrder } from "../jobs/load-in-order.ts";
import { commonOptions, commonSettings, type GivenSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { type NamedTarget, readTargets } from "../targets/read-targets.ts";
import { emphasise, printData, printJson, say } from "../terminal/output.ts";
import { withTarget } from "../terminal/typed-options.ts";

/** `tidefill check [--require <job>]` */
export const checkCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs).option("require", {
        type: "string",
        array: true,
        default: [] as readonly string[],
        describe: "check only these jobs, before you deploy code that depends on them",
      }),
    handler: async (given) => {
      const settings = commonSettings(given);
      const { findings, count } = await examined(given);
      if (settings.json) printJson({ findings });
      else if (findings.length > 0) printData(findings.map(describe).join("\n"));
      if (findings.length === 0) say(`${emphasise("green", "ok")}  ${count} jobs, nothing to do.`);
      process.exitCode = findings.length > 0 ? exitCodes.refused : exitCodes.done;
    },
  },
  { together: checkTargets },
);

interface CheckOptions extends GivenSettings {
  readonly require: readonly string[];
}

/** The findings in one database, and how many jobs were looked at. */
async function examined(
  given: CheckOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly count: number }> {
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
  const isGate = require.length > 0;
  return {
    findings: isGate ? found.filter(isOfGate) : found,
    count: isGate ? new Set(require).size : all.length,
  };
}

/** All targets at once, those with the most findings first. */
async function checkTargets(
  targets: readonly NamedTarget<CheckOptions>[],
  { json }: CheckOptions,
): Promise<void> {
  const read = await readTargets(targets, async (given) => (await examined(given)).findings);
  const bad = read
    .filter(({ error, found }) => error !== null || (found ?? []).length > 0)
    .toSorted((one, other) => badness(other) - badness(one));
  if (json) printJson({ targets: read });
  else if (bad.length > 0)
    printData(
      alignColumns([
        ["TARGET", "FINDING"],
        ...bad.flatMap(({ name, error, found }) =>
          error === null
            ? (found ?? []).map((each) => [name, withTarget(name, describe(each))])
            : [[name, error]],
        ),
      ]),
    );
  if (bad.length === 0) say(`${emphasise("green", "ok")}  ${read.length} targets, nothing to do.`);
  else say(`${bad.length} of ${read.length} targets need attention.`);
  process.exitCode = bad.length > 0 ? exitCodes.refused : exitCodes.done;
}

/** A target that cannot be reached is the worst. */
function badness({
  error,
  found,
}: {
  readonly error: string | null;
  readonly found: readonly Finding[] | null;
}): number {
  return error === null ? (found ?? []).length : Number.POSITIVE_INFINITY;
}

function describe({ code, message, remedy }: Finding): string {
  return visible(`${code}: ${message} → ${remedy}`);
}
