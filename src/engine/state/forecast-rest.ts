import { TidefillError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { readForecast } from "../../plan/forecast/read-forecast.ts";
import { mainTable } from "../../plan/open/opened-job.ts";
import { resolveJob } from "../../plan/open/resolve-job.ts";
import { readWriteImpact } from "../../plan/open/write-impact.ts";
import { tryToOpenJob } from "../../plan/open-job.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { lookBriefly } from "../../postgres/transaction/look-briefly.ts";
import { TableRows } from "../../source/table/table-rows.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { WorkOptions } from "../options/work-options.ts";
import type { RestForecast } from "../report/rest-forecast.ts";
import { rowsRemaining } from "../report/run-report.ts";
import { givenParameters } from "../undo-log/kept-parameters.ts";

/**
 * Forecasts the rest of an unfinished run from its measured batches and the present catalogue. Null when the
 * run has ended, is not a job's own work over a table, or its job would now be refused.
 * @throws UsageError, RefusedError when the run's parameters do not fit the job, or cannot be decrypted
 */
export async function forecastRest(
  session: Session,
  job: Job,
  run: Run,
  options: Pick<WorkOptions, "undoKey"> = {},
): Promise<RestForecast | null> {
  const { db, store } = session;
  if (run.kind !== "run" || isFinished(run.status) || job.kind === "steps") return null;
  const parameters = await readParameters(job.parameters, await givenParameters(db, run, options));
  // For a file, opening the job would read all of it only to check that it is the same.
  if (!(resolveJob(job, job.bind(parameters)).source instanceof TableRows)) return null;
  await requireUnlocked(session);
  const { opened } = await tryToOpenJob(db, job, parameters, 1);
  if (opened === null) return null;
  const progress = await readProgress(db, store.schema, run.id);
  const { walBytesPerRow } = run;
  return lookBriefly(
    db.withSettings(job.session),
    (briefly) =>
      briefly.rolledBack(async (tx) => {
        const left = rowsRemaining(run, progress);
        const measured = { run: Number(run.id), speeds: [progress.rowsPerSecond], walBytesPerRow };
        const { walBytes, growthBytes, deadBytes, advice } = await readForecast(tx, opened, left, measured);
        const [main] = opened.writes;
        const hot =
          main?.verb === "update"
            ? await readWriteImpact(tx, mainTable(opened), main.columns, main.verb)
            : null;
        return { walBytes, growthBytes, deadBytes, advice, hot };
      }),
    1,
  );
}

/** `status` must not wait for a locked table, since the lock is often why an operator asks. */
async function requireUnlocked({ db, store }: Session): Promise<void> {
  const { rows } = await db.query(sql`
    select lock.pid, class.oid::pg_catalog.regclass::text as table_name
    from pg_catalog.pg_locks as lock
    join pg_catalog.pg_class as class on class.oid = lock.relation
    where lock.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      -- those that a plan for a batch would wait for
      and lock.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      and class.relkind in ('r', 'p')
      and class.relpersistence <> 't'
      and class.relnamespace not in (select oid from pg_catalog.pg_namespace where nspname = ${store.schema.name})
    limit 1`);
  const [lock] = rows;
  if (lock === undefined) return;
  const holder = lock.pid === null ? "a prepared transaction" : `session pid ${lock.pid}`;
  throw new TidefillError("locked", `${holder} has locked ${lock.table_name}, or waits to`);
}
