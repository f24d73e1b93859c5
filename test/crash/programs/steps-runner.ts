import { contractJob, RefusedError, runJob, undoJob } from "tidefill";
import { everyStep, losingSteps } from "../jobs/steps.ts";

/** The program's instructions, which the test passes as JSON. */
export interface StepsOptions {
  readonly url: string;
  readonly job: "every-step" | "losing-steps";
  readonly way: "up" | "down";
  /** how many statements it may begin before it kills itself; null to survive */
  readonly kill: { readonly atStatement: number; readonly afterMs: number } | null;
}

const given = JSON.parse(process.argv[2] ?? "{}") as StepsOptions;
const job = given.job === "every-step" ? everyStep : losingSteps;
let begun = 0;
const options = {
  connectionString: given.url,
  onStep: ({ type }: { readonly type: string }) => {
    if (type !== "step begun") return;
    begun += 1;
    if (begun !== given.kill?.atStatement) return;
    const die = () => process.kill(process.pid, "SIGKILL");
    if (given.kill.afterMs === 0) die();
    else setTimeout(die, given.kill.afterMs);
  },
};

async function up(): Promise<void> {
  try {
    await runJob(job, options);
  } catch (error) {
    if (!(error instanceof RefusedError && error.check === "not-done-already")) throw error;
  }
  await contractJob(job, options);
}

await (given.way === "up" ? up() : undoJob(job, options));
