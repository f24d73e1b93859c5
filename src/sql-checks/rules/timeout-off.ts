import { wordsOf } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";
import { offOf } from "../syntax/timeouts.ts";
import { nodesOf } from "../syntax/visit.ts";

/**
 * `0` is no limit, and `reset` puts back what the role has, which mostly is none. The statement then waits for its lock,
 * or works, without an end, with everybody behind it.
 *
 * ```sql
 * set local lock_timeout = 0;
 * ```
 *
 * Instead, leave it out, or say how long others may wait:
 *
 * ```sql
 * set local lock_timeout = '1s';
 * ```
 */
export const timeoutOff: Rule = {
  code: "timeout-off",
  reason:
    "It then waits for its lock, or works, without an end, and everybody who wants the table queues behind it.",
  safeForm: "Leave it out, or set the longest time that others may wait.",
  find: (statement) => [...offOf(statement), ...configured(statement)].map((part) => ({ table: null, part })),
};

/** `set_config('lock_timeout', '0', true)` */
function configured(statement: Node): readonly string[] {
  return nodesOf("FuncCall", statement).flatMap(({ funcname, args = [] }) => {
    if (wordsOf(funcname).at(-1) !== "set_config") return [];
    const [name = "", value = ""] = args.map((arg) =>
      "A_Const" in arg ? (arg.A_Const.sval?.sval ?? "") : "",
    );
    return /^(lock|statement)_timeout$/.test(name) && Number.parseFloat(value) === 0 ? [name] : [];
  });
}
