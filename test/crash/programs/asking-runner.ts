import { type EngineEvent, RefusedError, resumeRun, runJob } from "tidefill";
import { answerNotes } from "../../calls/notes.ts";

/** The program's instructions, which the test passes as JSON. */
export interface AskingOptions {
  readonly url: string;
  readonly api: string;
  readonly atOnce: number;
  readonly perSecond?: number;
  readonly effects?: "at most once";
}

function tell(what: object): void {
  process.stdout.write(
    `${JSON.stringify(what, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}\n`,
  );
}

const { url, api, ...calls } = JSON.parse(process.argv[2] ?? "{}") as AskingOptions;
const job = answerNotes(api, calls);
const options = {
  connectionString: url,
  workers: 2,
  lease: "1s",
  onEvent: (event: EngineEvent) => tell(event),
} as const;
try {
  const report = await runJob(job, options).catch((error: unknown) => {
    if (error instanceof RefusedError && error.check === "no-unfinished-run")
      return resumeRun(job, job.name, options);
    throw error;
  });
  tell({ ...report, type: "report" });
} catch (error) {
  const check = error instanceof RefusedError ? error.check : null;
  tell({ type: "error", message: String(error), check });
  process.exitCode = 1;
}
