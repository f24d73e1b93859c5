import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { RefusedError, type TidefillError, UsageError } from "../errors.ts";
import { ForbiddenError } from "./access/access.ts";
import { type Frame, mainOf, wholePage } from "./views/frame.ts";
import { problemPage } from "./views/problem-pages.ts";
import { NotFoundError, type ViewContext } from "./views/view.ts";

interface Problem {
  readonly status: 400 | 403 | 404 | 409 | 413 | 500 | 503;
  readonly title: string;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** Answers a request that failed, as a page for people and as JSON for the script of a page. */
export async function answerProblem(
  c: Context,
  thrown: unknown,
  context: ViewContext,
  frame: Frame,
): Promise<Response> {
  const { status, title, message, remedy } = problemOf(thrown, context);
  const view = problemPage(title, message, remedy);
  if (c.req.header("x-fragment") !== undefined) return c.html(await mainOf(view, false), status);
  if (c.req.method === "GET" && c.req.header("accept")?.includes("text/html") === true)
    return c.html(await wholePage(view, frame), status);
  return c.json({ error: message, remedy: remedy ?? null }, status);
}

function problemOf(thrown: unknown, { explain }: ViewContext): Problem {
  const of = (
    status: Problem["status"],
    title: string,
    error: Pick<TidefillError, "message" | "remedy">,
  ) => ({
    status,
    title,
    message: error.message,
    remedy: error.remedy,
  });
  const plain = (error: Error) => ({ message: error.message, remedy: undefined });
  if (thrown instanceof ForbiddenError) return of(403, "Not allowed", plain(thrown));
  if (thrown instanceof HTTPException && thrown.status === 413)
    return of(413, "Too long", { message: "The request is too long.", remedy: undefined });
  if (thrown instanceof NotFoundError) return of(404, "Not found", plain(thrown));
  const error = explain(thrown);
  if (error instanceof RefusedError) return of(409, "Refused", error);
  if (error instanceof UsageError) return of(400, "Not understood", error);
  if (isMissingPrivilege(error.cause)) return of(403, "PostgreSQL does not allow it", error);
  if (error.code === "unreachable" || isTimeout(error.cause))
    return of(503, "The database does not answer", { message: error.message, remedy: undefined });
  if (error.code === "schema-missing") return of(404, "Nothing has run here yet", error);
  if (error.code === "schema-older" || error.code === "schema-newer")
    return of(409, "Another version of tidefill", error);
  return of(500, "That went wrong", error);
}

function isMissingPrivilege(cause: unknown): boolean {
  return stateOf(cause) === "42501";
}

/** The statement, or its wait for a lock, took too long for a page; or the server has just ended the session. */
function isTimeout(cause: unknown): boolean {
  return ["57014", "55P03", "25P04", "57P01"].includes(stateOf(cause));
}

function stateOf(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
}
