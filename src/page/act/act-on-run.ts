import { describePace } from "../../describe/describe-pace.ts";
import { requestStop } from "../../engine/control/request-stop.ts";
import { setPace } from "../../engine/control/set-pace.ts";
import { UsageError } from "../../errors.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { ForbiddenError, type Visitor } from "../access/access.ts";
import type { PageTarget } from "../read/page-sources.ts";
import type { ActionName } from "../views/run-actions.ts";
import type { ViewContext } from "../views/view.ts";

/** What a button sends. */
export interface ActionBody {
  /** the job's name, typed by the operator; needed to cancel */
  readonly name?: string;
  /** `workers=2`; needed for a pace */
  readonly settings?: readonly string[];
}

/** What an action is about. */
interface Subject {
  readonly target: PageTarget;
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
  const by = { actor: visitor.name ?? "holder of the token", via: "page" } as const;
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
      const { pace } = await setPace(operator, name, settingsOf(body), by);
      return `${what}: ${describePace(pace)}.`;
    }
    case "resume":
      return resume(context, { target, run, visitor }, operator, by);
  }
}

function stopped(
  what: string,
  { status, wanted }: { readonly status: string; readonly wanted: string },
): string {
  return status === "running"
    ? `${what}: asked to be ${wanted}; its workers stop after their batches.`
    : `${what}: ${status}.`;
}

function settingsOf({ settings }: ActionBody): readonly string[] {
  if (settings !== undefined && settings.length > 0) return settings;
  throw new UsageError("Fill in what should change.");
}

async function resume(
  { resume: ask }: ViewContext,
  { target, run: { id, job } }: Subject,
  { db, store }: Session,
  by: { readonly actor: string; readonly via: "page" },
): Promise<string> {
  if (ask === null)
    throw new UsageError("There is no fleet that could go on with it.", {
      remedy: `tidefill resume ${job}`,
    });
  const sent = await ask(target, job, Number(id));
  if (sent === 0) return `${job} is in the queue already: a worker goes on with it.`;
  await store.audit.record(db, { action: "resume", job, run: id, details: { ...by, queued: true } });
  return `${job} is in the queue: the next free worker goes on with it.`;
}
