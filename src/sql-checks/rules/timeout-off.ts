import { wordsOf } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Rule } from "../syntax/rule.ts";
import { offOf } from "../syntax/timeouts.ts";
import { nodesOf } from "../syntax/visit.ts";

/**
 * `0` means no limit. `reset` restores the role's own setting, which is mostly no limit. The statement then
 * waits for its lock, or works, without an end, and other sessions queue behind it.
 *
 * ```sql
 * set local lock_timeout = 0;
 * ```
 *
 * Instead, leave it out, or set how long other sessions may wait:
 *
 * ```sql
 * set local lock_timeout = '1s';
 * ```
 */
export const timeoutOff: Rule = {
  code: "timeout-off",
  reason: "Statements then wait for a lock, or work, without an end, and other sessions queue behind them.",
  safeForm: "Leave it out, or set the longest time that other sessions may wait.",
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
