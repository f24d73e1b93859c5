import type { Measured } from "../../plan/forecast/forecast.ts";
import { readProgress } from "../../store/runs/progress.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";

/** How many runs back one looks: what is older was another table. */
const lastRuns = 3;
/** A run over fewer rows says little of its speed. */
const fewestRows = 1_000;

/** What the last runs of a job have shown of its speed and WAL; null when none has done enough. */
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
