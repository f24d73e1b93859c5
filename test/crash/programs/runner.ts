import {
  type EngineEvent,
  type Job,
  RefusedError,
  type ResumeOptions,
  resumeRun,
  runJob,
  TidefillError,
} from "tidefill";
import bySql from "../jobs/count-by-sql.ts";
import byRow from "../jobs/count-rows.ts";

/** The program's instructions, which the test passes as JSON. */
export interface RunnerOptions {
  readonly url: string;
  /** `count-rows` when absent */
  readonly job?: "count-rows" | "count-by-sql";
  /** `join` when absent: run the job, or join the existing run */
  readonly mode?: "run" | "resume" | "join";
  readonly workers?: number;
  readonly lease?: "1s" | "10m";
  readonly rejectLimit?: number;
  /** how wrong the clock of this process is */
  readonly clockOffsetMs?: number;
}

/** The engine's event, the report, or the error, as one line of JSON with bigints as text. */
export type Told = Readonly<Record<string, unknown>> & { readonly type: string };

function tell(what: object): void {
  const text = JSON.stringify(what, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  process.stdout.write(`${text}\n`);
}

function lieAboutTime(offsetMs: number): void {
  const Honest = Date;
  globalThis.Date = class extends Honest {
    constructor(...given: []) {
      super(...(given.length === 0 ? ([Honest.now() + offsetMs] as unknown as []) : given));
    }
    static override now(): number {
      return Honest.now() + offsetMs;
    }
  } as DateConstructor;
}

async function work(job: Job, mode: RunnerOptions["mode"], options: ResumeOptions) {
  if (mode === "resume") return resumeRun(job, job.name, options);
  try {
    return await runJob(job, options);
  } catch (error) {
    if (mode === "join" && error instanceof RefusedError && error.check === "no-unfinished-run") {
      return resumeRun(job, job.name, options);
    }
    throw error;
  }
}

const given = JSON.parse(process.argv[2] ?? "{}") as RunnerOptions;
if (given.clockOffsetMs !== undefined) lieAboutTime(given.clockOffsetMs);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
tell({ type: "clock", now: Date.now() });
try {
  const report = await work(given.job === "count-by-sql" ? bySql : byRow, given.mode ?? "join", {
    connectionString: given.url,
    workers: given.workers ?? 2,
    lease: given.lease ?? "1s",
    rejectLimit: given.rejectLimit,
    signal: stop.signal,
    onEvent: (event: EngineEvent) => tell(event),
  });
  tell({ ...report, type: "report" });
} catch (error) {
  const { name, message } = error as Error;
  const check = error instanceof RefusedError ? error.check : null;
  tell({ type: "error", name, message, check, isOurs: error instanceof TidefillError });
  process.exitCode = 1;
}
