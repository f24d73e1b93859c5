import type { Measured } from "../../plan/forecast/forecast.ts";
import { readProgress } from "../../store/runs/progress.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";

/** How many runs to look back: before those the table was too different. */
const lastRuns = 3;
/** The speed of a run over fewer rows is too inaccurate. */
const fewestRows = 1_000;

/** The speed and WAL measured in the last runs of a job; null when none has done enough rows. */
export async function readPastSpeed({ db, store }: Session, job: string): Promise<Measured | null> {
  if ((await installedVersion(db, store.schema)) === null) return null;
  const runs = await store.runs.lastDone(db, job, lastRuns);
  const speeds: number[] = [];
  let newest: (typeof runs)[number] | undefined;
  for (const run of runs) {
    const { read, secondsAtWork } = await readProgress(db, store.schema, run.id);
    if (read < fewestRows || secondsAtWork <= 0) continue;
    speeds.push(read / secondsAtWork);
    newest ??= run;
  }
  if (newest === undefined) return null;
  return { run: Number(newest.id), speeds, walBytesPerRow: newest.walBytesPerRow };
}
