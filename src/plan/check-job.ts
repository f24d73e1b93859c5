import type { Transaction } from "../postgres/transaction/database.ts";
import { bytesAreText } from "./checks/bytes-are-text.ts";
import { collationIsUnchanged } from "./checks/collation-is-unchanged.ts";
import { columnsAreAsDescribed } from "./checks/columns-are-as-described.ts";
import { columnsAreFilled } from "./checks/columns-are-filled.ts";
import { columnsCanBeWritten } from "./checks/columns-can-be-written.ts";
import { commitsCanEnd } from "./checks/commits-can-end.ts";
import { conflictIsUnique } from "./checks/conflict-is-unique.ts";
import { deleteTakesNoOthers } from "./checks/delete-takes-no-others.ts";
import { foreignKeysHaveAnIndex } from "./checks/foreign-keys-have-an-index.ts";
import { keyOrdersTheRows } from "./checks/key-orders-the-rows.ts";
import { locksFit } from "./checks/locks-fit.ts";
import { noRuleRewrites } from "./checks/no-rule-rewrites.ts";
import { publishedRowsHaveAnIdentity } from "./checks/published-rows-have-an-identity.ts";
import { readsByAnIndex } from "./checks/reads-by-an-index.ts";
import { relationIsATable } from "./checks/relation-is-a-table.ts";
import { rowSecurityHidesNothing } from "./checks/row-security-hides-nothing.ts";
import { serverCanBeWritten } from "./checks/server-can-be-written.ts";
import { uniqueIsNotShifted } from "./checks/unique-is-not-shifted.ts";
import { upsertTellsWhatIsNew } from "./checks/upsert-tells-what-is-new.ts";
import { valuesCanBeCarried } from "./checks/values-can-be-carried.ts";
import type { Check, CheckSubject, Refusal } from "./open/check.ts";
import type { OpenedJob } from "./open/opened-job.ts";

// Each check may rely on the checks before it: what is not a table has no key to check.
const checksOf: Readonly<Record<"source" | "target", readonly Check[]>> = {
  source: [
    serverCanBeWritten,
    commitsCanEnd,
    relationIsATable,
    columnsAreAsDescribed,
    valuesCanBeCarried,
    keyOrdersTheRows,
    rowSecurityHidesNothing,
    columnsCanBeWritten,
    noRuleRewrites,
    deleteTakesNoOthers,
    foreignKeysHaveAnIndex,
    publishedRowsHaveAnIdentity,
    collationIsUnchanged,
    locksFit,
  ],
  target: [
    serverCanBeWritten,
    commitsCanEnd,
    relationIsATable,
    columnsAreAsDescribed,
    columnsCanBeWritten,
    noRuleRewrites,
    columnsAreFilled,
    publishedRowsHaveAnIdentity,
    upsertTellsWhatIsNew,
    conflictIsUnique,
    locksFit,
  ],
};

/** The names of all checks, for the plan. */
export const checkNames = [
  "server-can-be-written",
  "commits-can-end",
  "relation-is-a-table",
  "key-is-not-personal",
  "scope-is-said",
  "columns-are-as-described",
  "values-can-be-carried",
  "key-orders-the-rows",
  "row-security-hides-nothing",
  "columns-can-be-written",
  "no-rule-rewrites",
  "columns-are-filled",
  "kept-columns-fit",
  "delete-takes-no-others",
  "foreign-keys-have-an-index",
  "published-rows-have-an-identity",
  "collation-is-unchanged",
  "upsert-tells-what-is-new",
  "conflict-is-unique",
  "locks-fit",
  "bytes-are-text",
  "reads-by-an-index",
  "unique-is-not-shifted",
] as const;

/** Every reason not to start that the catalogue shows; stops after the first check that refuses. */
export async function checkJob(subject: CheckSubject, as: "source" | "target"): Promise<Refusal[]> {
  for (const check of checksOf[as]) {
    const refusals = await check(subject);
    if (refusals.length > 0) return refusals;
  }
  return [];
}

/** The same for what the job's rows and statements show. */
export async function checkOpened(tx: Transaction, opened: OpenedJob): Promise<Refusal[]> {
  const refusals = [...(await bytesAreText(tx, opened)), ...(await readsByAnIndex(tx, opened))];
  return refusals.length > 0 ? refusals : uniqueIsNotShifted(tx, opened);
}
