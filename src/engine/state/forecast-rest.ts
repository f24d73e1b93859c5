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
 * Foretells the rest of an unfinished run of a job's, by its own batches as far as they were measured and by the catalogue as it is
 * now; null where the run has ended, does something else than its job over a table, or the job would be refused by now.
 * @throws UsageError, RefusedError where its parameters are not those of the run, or encrypted
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
  // A file would be read from its beginning to its end only to be sure that it is the same.
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

/** Who asks how a run stands does not wait for a table that is locked, which is often why it is asked. */
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
  const holder = lock.pid === null ? "a prepared transaction" : `process ${lock.pid}`;
  throw new TidefillError("locked", `${holder} has locked ${lock.table_name}, or waits to`);
}
