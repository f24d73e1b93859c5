import { exitCodes } from "../../engine/report/exit-code.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { chooseTargets, type TargetChoice } from "../../fleet/targets/choose-targets.ts";
import type { NamedTarget as Target } from "../../fleet/targets/define-targets.ts";
import { operatorAddress, targetAddress } from "../../fleet/targets/target-address.ts";
import { emphasise, gatherJson, printGathered, say } from "../terminal/output.ts";
import { reportError } from "../terminal/report-error.ts";
import { loadTargets } from "./load-targets.ts";
import type { NamedTarget } from "./read-targets.ts";

/** What a command was given that says where it works. */
export interface Located extends TargetChoice {
  readonly jobs?: string | undefined;
  readonly schema?: string | undefined;
  readonly json?: boolean | undefined;
  readonly databaseUrl?: string | undefined;
  readonly operatorUrl?: string | undefined;
  readonly embedded?: string | undefined;
}

/** The targets that a command names, and the same options with the address of one. */
export async function targetsOfCommand<Given extends Located>(
  given: Given,
): Promise<readonly NamedTarget<Given>[]> {
  if (given.databaseUrl !== undefined || given.embedded !== undefined)
    throw new UsageError("A target has its own address: --database-url and --embedded exclude it.");
  const targets = await loadTargets(given.jobs ?? "jobs");
  if (targets === null)
    throw new UsageError(
      "There is no tidefill.targets.ts beside the folder of the jobs, so there are no targets.",
      {
        remedy:
          'Write one: export default defineTargets({ "school-001": { url: fromEnv("SCHOOL_001_URL") } });',
      },
    );
  const chosen = chooseTargets(await targets.all(), given);
  return chosen.map((target) => ({ name: target.name, locate: () => at(given, target) }));
}

/** How several targets are treated: `together` shows all at once. */
interface Several<Given> {
  together?(targets: readonly NamedTarget<Given>[], given: Given): Promise<void>;
  readonly goesOn?: boolean;
}

/**
 * Calls a command for each target that it names, one after the other, and ends with the worst exit code. What
 * changes rows stops at the first failure: what failed on one target mostly fails on the next.
 */
export async function forTargets<Given extends Located>(
  given: Given,
  command: (given: Given) => Promise<void>,
  { together, goesOn = false }: Several<Given>,
): Promise<void> {
  const all = await targetsOfCommand(given);
  const [only] = all;
  if (given.target !== undefined && only !== undefined) return command(await only.locate());
  if (together !== undefined) return together(all, given);
  let worst: number = exitCodes.done;
  for (const [place, { name, locate }] of all.entries()) {
    say(emphasise("bold", `── ${name}`));
    process.exitCode = exitCodes.done;
    gatherJson(name);
    try {
      await command(await locate());
    } catch (error) {
      // Typed again after a failure, the command goes on with the targets that are left.
      if (isDone(error)) say("It is done already.");
      else reportError(error, given.json === true);
    }
    const code = Number(process.exitCode ?? exitCodes.done);
    if (gravity.indexOf(code) < gravity.indexOf(worst)) worst = code;
    const rest = all.slice(place + 1).map((each) => each.name);
    // Ctrl-C is for the whole command.
    const mayGoOn = goesOn && code !== exitCodes.resumable;
    if (code === exitCodes.done || mayGoOn || rest.length === 0) continue;
    say(`${emphasise("yellow", "stopped")}  after ${name}; untouched: ${rest.join(", ")}`);
    break;
  }
  process.exitCode = worst;
  printGathered();
}

/** Exit codes, the worst first. */
const gravity: readonly number[] = [
  exitCodes.failed,
  exitCodes.refused,
  exitCodes.usage,
  exitCodes.incomplete,
  exitCodes.resumable,
  exitCodes.done,
];

function isDone(error: unknown): boolean {
  return error instanceof RefusedError && error.check === "not-done-already";
}

async function at<Given extends Located>(given: Given, target: Target): Promise<Given> {
  const { connectionString, schema } = await targetAddress(target, given.schema);
  const operator = await operatorAddress(target, given.schema);
  return {
    ...given,
    databaseUrl: connectionString,
    operatorUrl: operator?.connectionString,
    schema,
    target: target.name,
    targets: undefined,
    allTargets: undefined,
  };
}
