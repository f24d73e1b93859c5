import { whyCommitsWait } from "../../postgres/server/why-commits-wait.ts";
import type { Check } from "../open/check.ts";

/** A commit that waits for an absent standby keeps its session and row locks until the standby is back. */
export const commitsCanEnd: Check = async ({ tx }) => {
  const why = await whyCommitsWait(tx);
  if (why === null) return [];
  return [
    {
      check: "commits-can-end",
      message: `No commit would end here: ${why}.`,
      remedy:
        "Connect the standby, or do without it: alter system set synchronous_standby_names = '';   select pg_reload_conf();",
    },
  ];
};
