import type { Node } from "../syntax/parse-sql.ts";

const off: ReadonlySet<string | undefined> = new Set(["false", "off", "0"]);

/** Whether an option is on, as in `vacuum (full)` or `vacuum (full true)`. */
export function isOn(name: string, options: readonly Node[] | undefined): boolean {
  return (options ?? []).some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname !== name) return false;
    const { arg } = option.DefElem;
    if (arg === undefined) return true;
    if ("Integer" in arg) return (arg.Integer.ival ?? 0) !== 0;
    return !("String" in arg) || !off.has(arg.String.sval?.toLowerCase());
  });
}
