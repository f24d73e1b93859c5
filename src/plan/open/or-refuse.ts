import pg from "pg";
import { RefusedError } from "../../errors.ts";
import { describeFailure } from "../../postgres/failure/failure.ts";

/** A mistake in the job's own SQL is for its author to fix, not an error of the run. @throws RefusedError */
export async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !/^(42|22|0A)/.test(error.code ?? "")) throw error;
    throw new RefusedError(
      "sql-is-valid",
      `PostgreSQL does not accept the SQL of this job: ${describeFailure(error)}.`,
      "Correct `where`, `pending` or the expressions of the job, or the parameters that they use.",
    );
  }
}
