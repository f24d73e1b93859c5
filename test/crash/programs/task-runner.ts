import { type EngineEvent, RefusedError, resumeRun, runJob, verifyRun } from "tidefill";
import { jobCalled } from "../jobs/effects.ts";

/** The program's instructions, which the test passes as JSON. */
export interface TaskOptions {
  readonly url: string;
  readonly job: string;
  /** `work`: run the job or join its run; `go on`: resume a run by its number; `verify` */
  readonly task: "work" | "go on" | "verify";
  readonly run?: number;
}

function tell(what: object): void {
  const text = JSON.stringify(what, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  process.stdout.write(`${text}\n`);
}

const given = JSON.parse(process.argv[2] ?? "{}") as TaskOptions;
const job = jobCalled(given.job);
const options = {
  connectionString: given.url,
  workers: 2,
  lease: "1s",
  onEvent: (event: EngineEvent) => tell({ type: event.type }),
} as const;

async function work() {
  if (given.task === "verify") return verifyRun(job, options);
  if (given.task === "go on") return resumeRun(job, String(given.run), options);
  try {
    return await runJob(job, options);
  } catch (error) {
    if (error instanceof RefusedError && error.check === "no-unfinished-run")
      return resumeRun(job, job.name, options);
    throw error;
  }
}

try {
  tell({ ...(await work()), type: "report" });
} catch (error) {
  const check = error instanceof RefusedError ? error.check : null;
  tell({ type: "error", message: (error as Error).message, check });
  process.exitCode = 1;
}
