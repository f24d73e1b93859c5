import { callsIn } from "../syntax/calls-in.ts";
import { wordsOf } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";
import { runsNow } from "./runs-now.ts";

/** Built-in functions that depend on the clock, randomness, a counter, transactions or the session. */
const changing: ReadonlySet<string> = new Set(
  `now transaction_timestamp statement_timestamp clock_timestamp timeofday
  random random_normal array_sample array_shuffle gen_random_uuid uuidv4 uuidv7
  nextval setval currval lastval pg_sequence_last_value
  txid_current txid_current_if_assigned txid_current_snapshot
  pg_current_xact_id pg_current_xact_id_if_assigned pg_current_snapshot
  pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn
  system_user pg_backend_pid inet_client_addr inet_client_port pg_postmaster_start_time pg_conf_load_time`.match(
    /\w+/g,
  ),
);

/** Words of SQL, not calls, such as `current_date`. Another role may resume a run, hence `current_user`. */
const passing = /^SVFOP_(CURRENT_(DATE|TIME|USER|ROLE)|LOCALTIME|USER|SESSION_USER)/;

const momentary = /^\s*(now|today|tomorrow|yesterday)\s*$/i;
const temporal: ReadonlySet<string | undefined> = new Set([
  "date",
  "time",
  "timetz",
  "timestamp",
  "timestamptz",
]);

/**
 * The statement may run again, after a failure or in another batch. Time, randomness, counters, transactions
 * and the session then give another value than the first time. The checks find PostgreSQL's own functions,
 * words such as `current_date`, `current_user` and `'today'::date`, `age` of one value, and `tablesample`
 * without `repeatable`. In definitions, such as a column's default, these are fine. The checks cannot see
 * what a function of your own does.
 *
 * ```sql
 * update app.orders set closed_at = now() where id between 1 and 1000;
 * ```
 *
 * Instead, take the value from the row, or from a parameter of the run:
 *
 * ```sql
 * update app.orders set closed_at = updated_at where id between 1 and 1000;
 * ```
 */
export const nonRepeatableExpression: Rule = {
  code: "non-repeatable-expression",
  reason: "The statement may run again, and would then write other values than the first time.",
  safeForm: "Take the value from the row, or from a parameter that is fixed when the run begins.",
  find: (statement, { isRetried }) => {
    if (!isRetried || !runsNow(statement)) return [];
    return [...calls(statement), ...words(statement), ...casts(statement), ...samples(statement)].map(
      (part) => ({
        table: null,
        part,
      }),
    );
  },
};

function calls(statement: Node): readonly string[] {
  return callsIn(statement)
    .filter(({ isBuiltIn, word, parameters }) =>
      // With one parameter, `age` counts from today.
      isBuiltIn && word === "age" ? parameters === 1 : isBuiltIn && changing.has(word),
    )
    .map(({ word }) => word);
}

function words(statement: Node): readonly string[] {
  return nodesOf("SQLValueFunction", statement)
    .map(({ op = "" }) => op)
    .filter((op) => passing.test(op))
    .map((op) => op.slice("SVFOP_".length).replace(/_N$/, "").toLowerCase());
}

/** Words that PostgreSQL reads as a moment, as in `'today'::date`. */
function casts(statement: Node): readonly string[] {
  return nodesOf("TypeCast", statement).flatMap(({ arg, typeName }) => {
    const text = arg !== undefined && "A_Const" in arg ? (arg.A_Const.sval?.sval ?? "") : "";
    const type = wordsOf(typeName?.names).at(-1);
    return momentary.test(text) && temporal.has(type) ? [`'${text}'::${type}`] : [];
  });
}

function samples(statement: Node): readonly string[] {
  return nodesOf("RangeTableSample", statement)
    .filter(({ repeatable }) => repeatable === undefined)
    .map(() => "tablesample");
}
