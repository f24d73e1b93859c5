import { describePace } from "../../describe/describe-pace.ts";
import { type OnBehalfOf, requestStop } from "../../engine/control/request-stop.ts";
import { setPace } from "../../engine/control/set-pace.ts";
import { readReport } from "../../engine/report/run-report.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { ForbiddenError, type Visitor } from "../access/access.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { type ActionName, actionsFor } from "../views/run-actions.ts";
import type { ViewContext } from "../views/view.ts";

/** What a button sends. */
export interface ActionBody {
  /** the job's name, typed by the operator; needed to cancel */
  readonly name: string | null;
  /** `workers=2`; needed for a pace */
  readonly settings: readonly string[];
}

/** What was sent, as far as it has the form of a body. */
export function actionBody(sent: unknown): ActionBody {
  const { name, settings }: { name?: unknown; settings?: unknown } =
    typeof sent === "object" && sent !== null ? sent : {};
  const words = Array.isArray(settings) ? settings.filter((each) => typeof each === "string") : [];
  return { name: typeof name === "string" ? name : null, settings: words };
}

/** What an action is about. */
interface Subject {
  readonly target: PageTarget;
  /** as the page has read it */
  readonly run: Run;
  readonly visitor: Visitor;
}

/**
 * Does what a button asks for, as the operator role, and returns what to say. PostgreSQL refuses what that role may
 * not do. @throws ForbiddenError, UsageError, RefusedError
 */
export async function actOnRun(
  context: ViewContext,
  { target, run, visitor }: Subject,
  action: ActionName,
  body: ActionBody,
): Promise<string> {
  const { operator } = target;
  if (!visitor.mayOperate) throw new ForbiddenError("You may look, and not steer.");
  if (operator === null)
    throw new ForbiddenError("This page has no address for operators, so it cannot steer runs.");
  await requireAllowed(operator, run, action);
  const by = { actor: visitor.name ?? "a person with the link or the token", via: "page" } as const;
  const name = String(run.id);
  const what = `${run.job}, run ${name}`;
  switch (action) {
    case "pause":
      return stopped(what, await requestStop(operator, name, "paused", by));
    case "cancel":
      if (body.name !== run.job)
        throw new UsageError(`To cancel it, type the name of its job: ${run.job}. Nothing was changed.`);
      return stopped(what, await requestStop(operator, name, "cancelled", by));
    case "pace": {
      if (body.settings.length === 0) throw new UsageError("Fill in what should change.");
      const { pace } = await setPace(operator, name, body.settings, by);
      return `${what}: ${describePace(pace)}.`;
    }
    case "resume":
      return resume(context, { target, run }, operator, by);
  }
}

/**
 * Reads the run as the operator does: the second address may lead to another database by mistake, and the state may
 * have changed since the page was made. @throws RefusedError
 */
async function requireAllowed(operator: Session, seen: Run, action: ActionName): Promise<void> {
  const run = await operator.store.runs.find(operator.db, seen.id);
  if (run === null || run.job !== seen.job || run.kind !== seen.kind || run.startedAt !== seen.startedAt)
    throw new RefusedError(
      "run-is-unfinished",
      "The address for operators leads to another database than the page shows. Nothing was changed.",
      "Correct --operator-url, TIDEFILL_OPERATOR_URL, or the operatorUrl of the target.",
    );
  const report = await readReport(operator, run);
  if (actionsFor(report, true).includes(action)) return;
  const isAsked = report.status === "running" && report.wanted !== "running";
  throw new RefusedError(
    "run-is-unfinished",
    `${run.job}, run ${run.id} is ${isAsked ? `asked to be ${report.wanted}` : report.status}: the page cannot ${action} it now.`,
    `tidefill status ${run.id}`,
  );
}

function stopped(
  what: string,
  { status, wanted }: { readonly status: string; readonly wanted: string },
): string {
  return status === "running"
    ? `${what}: asked to be ${wanted}; its workers stop after their batches.`
    : `${what}: ${status}.`;
}

/** Asks the fleet in the transaction of the audit's line: neither is there without the other. */
async function resume(
  { resume: ask }: ViewContext,
  { target, run: { id, job } }: Pick<Subject, "target" | "run">,
  { db, store }: Session,
  by: OnBehalfOf,
): Promise<string> {
  await db.transaction(async (tx) => {
    await store.audit.record(tx, { action: "resume", job, run: id, details: { ...by, queued: true } });
    const sent = await ask(target, job, Number(id));
    if (sent === null)
      throw new UsageError("There is no fleet that could go on with it.", {
        remedy: `tidefill resume ${job}`,
      });
    if (sent === 0)
      throw new RefusedError(
        "same-item-is-not-queued",
        `${job} is in the queue for this target already, by an item that goes on with no stopped run.`,
        "Wait until it is done, or: tidefill queue drop <id>",
      );
  });
  return `${job}, run ${id} is in the queue: a worker of the fleet goes on with it.`;
}
