import { type RunReport, readReport } from "../../engine/report/run-report.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { recentRuns } from "../../store/runs/select-runs.ts";
import type { PageTarget } from "./page-sources.ts";

/** As many runs of each target are listed. */
export const mostRuns = 100;

/** Reports of runs. That of a run that has ended is kept until it is undone. */
export class RunReports {
  readonly #finished = new Map<string, RunReport>();

  /** The newest runs of a target, unfinished ones first. */
  async recent(target: PageTarget): Promise<readonly RunReport[]> {
    const { db, store } = target.session;
    const runs = await recentRuns(db, store.schema, mostRuns);
    const reports: RunReport[] = [];
    for (const run of runs) reports.push(await this.of(target, run));
    return reports;
  }

  async of(target: PageTarget, run: Run): Promise<RunReport> {
    const key = `${target.name}/${run.id}/${run.status}/${run.undoneBy}/${run.startedAt}`;
    const known = this.#finished.get(key);
    if (known !== undefined) return known;
    const report = await readReport(target.session, run);
    if (!isFinished(run.status)) return report;
    if (this.#finished.size > 10_000) this.#finished.clear();
    this.#finished.set(key, report);
    return report;
  }
}
