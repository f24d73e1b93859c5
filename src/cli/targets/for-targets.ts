import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { chooseTargets, type TargetChoice } from "../../fleet/targets/choose-targets.ts";
import type { NamedTarget } from "../../fleet/targets/define-targets.ts";
import { targetAddress } from "../../fleet/targets/target-address.ts";
import { emphasise, gatherJson, printGathered, say } from "../terminal/output.ts";
import { reportError } from "../terminal/report-error.ts";
import { loadTargets } from "./load-targets.ts";

/** What a command was given that says where it works. */
export interface Located extends TargetChoice {
  readonly jobs?: string | undefined;
  readonly schema?: string | undefined;
  readonly json?: boolean | undefined;
  readonly databaseUrl?: string | undefined;
  readonly embedded?: string | undefined;
}

/** The targets that a command names, and the same options with the address of one. */
export async function targetsOfCommand<Given extends Located>(
  given: Given,
): Promise<readonly { readonly name: string; readonly given: Given }[]> {
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
  return Promise.all(chosen.map(async (target) => ({ name: target.name, given: await at(given, target) })));
}

/** How several targets are treated: `together` shows all at once. */
interface Several<Given> {
  readonly together?: (targets: readonly { readonly name: string; readonly given: Given }[]) => Promise<void>;
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
  if (given.target !== undefined && only !== undefined) return command(only.given);
  if (together !== undefined) return together(all);
  let worst: number = exitCodes.done;
  for (const { name, given: one } of all) {
    say(emphasise("bold", `── ${name}`));
    process.exitCode = exitCodes.done;
    gatherJson(name);
    try {
      await command(one);
    } catch (error) {
      reportError(error, given.json === true);
    }
    const code = Number(process.exitCode ?? exitCodes.done);
    worst = Math.max(worst, code);
    if (code !== exitCodes.done && !goesOn) break;
  }
  process.exitCode = worst;
  printGathered();
}

async function at<Given extends Located>(given: Given, target: NamedTarget): Promise<Given> {
  const { connectionString, schema } = await targetAddress(target, given.schema);
  return {
    ...given,
    databaseUrl: connectionString,
    schema,
    target: target.name,
    targets: undefined,
    allTargets: undefined,
  };
}
