import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { rejectFormat, rejectTexts } from "../describe/reject-texts.ts";
import { type Access, ForbiddenError } from "./access/access.ts";
import { pageHeaders } from "./access/page-headers.ts";
import { type OwnAddress, requireOwnRequest } from "./access/require-own-request.ts";
import { type PageVariables, requireVisitor } from "./access/require-visitor.ts";
import { actionBody, actOnRun } from "./act/act-on-run.ts";
import { answerProblem } from "./answer-problem.ts";
import type { PageAssets } from "./page-assets.ts";
import { streamChanges } from "./stream-changes.ts";
import { auditPage } from "./views/audit-page.ts";
import { type Frame, mainOf, wholePage } from "./views/frame.ts";
import { jobsPage } from "./views/jobs-page.ts";
import { planPage } from "./views/plan-page.ts";
import { signInPage } from "./views/problem-pages.ts";
import { queuePage } from "./views/queue-page.ts";
import { rejectsPage } from "./views/rejects-page.ts";
import { actionNames } from "./views/run-actions.ts";
import { historyOf } from "./views/run-charts.ts";
import { runOf, runPage } from "./views/run-page.ts";
import { runsPage } from "./views/runs-page.ts";
import { NotFoundError, targetOf, type View, type ViewContext, type Wanted } from "./views/view.ts";

/** What the application of the page needs besides its views. */
export interface AppOptions {
  readonly access: Access;
  readonly assets: PageAssets;
  readonly own: () => OwnAddress & { readonly cookie: string };
}

type PageContext = Context<PageVariables>;
type Make = (context: ViewContext, wanted: Wanted) => Promise<View>;

const pages: Readonly<Record<string, Make>> = {
  "/": runsPage,
  "/runs/:target/:run": runPage,
  "/runs/:target/:run/rejects": rejectsPage,
  "/jobs": jobsPage,
  "/jobs/:target/:job": planPage,
  "/queue": queuePage,
  "/audit": auditPage,
  "/audit/:target": auditPage,
};

/** All pages and what their buttons ask for. */
export function pageApp(context: ViewContext, options: AppOptions): Hono<PageVariables> {
  const { access, assets, own } = options;
  const app = new Hono<PageVariables>();
  const hasOperators = context.targets.some(({ operator }) => operator !== null);
  const frameOf = (c: Context, visitor = c.get("visitor") ?? null) => ({
    path: c.req.path,
    build: assets.build,
    visitor,
    hasOperators,
    where: context.where,
  });
  app.use(pageHeaders, requireOwnRequest(own), bodyLimit({ maxSize: 16_384 }));
  app.onError((thrown, c) => answerProblem(c, thrown, context, frameOf(c)));
  app.notFound((c) => answerProblem(c, new NotFoundError("There is no such page."), context, frameOf(c)));
  app.get("/assets/:name", (c) => answerAsset(c, assets));
  app.use(
    requireVisitor({
      access,
      cookie: () => own().cookie,
      isSecure: () => own().origins[0]?.startsWith("https:") === true,
      ask: async (c, isWrong) => {
        if (isForPerson(c)) return c.html(wholePage(signInPage(access, isWrong), frameOf(c, null)), 401);
        return c.json({ error: access.howToSignIn, remedy: null }, 401);
      },
    }),
  );
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });
  for (const [path, make] of Object.entries(pages))
    app.get(path, (c) => answerPage(c as PageContext, context, make, frameOf(c)));
  addRunRoutes(app, context);
  return app;
}

/** What a run's page loads and posts. */
function addRunRoutes(app: Hono<PageVariables>, context: ViewContext): void {
  app.get("/runs/:target/:run/history.json", async (c) => {
    const wanted = wantedOf(c);
    const target = targetOf(context, wanted);
    const run = await runOf(context, target, wanted);
    return c.json({ samples: await historyOf(context, target, run) });
  });
  app.get("/runs/:target/:run/:file{rejects\\.(csv|ndjson)}", (c) => answerRejects(c, context));
  app.post("/runs/:target/:run/:action", async (c) => {
    const action = actionNames.find((name) => name === c.req.param("action"));
    if (action === undefined) throw new NotFoundError("There is no such action.");
    const wanted = wantedOf(c);
    const target = targetOf(context, wanted);
    const visitor = c.get("visitor");
    const body = actionBody(await c.req.json<unknown>().catch(() => null));
    const subject = { target, run: await runOf(context, target, wanted), visitor };
    const message = await actOnRun(context, subject, action, body);
    context.look.forgetAll();
    return c.json({ message });
  });
}

/** A whole page, its main part for a page that is open, or a stream of its changes. */
async function answerPage(c: PageContext, context: ViewContext, make: Make, frame: Frame): Promise<Response> {
  const wanted = wantedOf(c);
  const { after = "", before = "" } = wanted.query;
  const key = `page ${new URL(c.req.url).pathname}?${after}&${before} ${wanted.mayOperate}`;
  const read = (): Promise<View> => context.look.read(key, () => make(context, wanted));
  const render = async (): Promise<string> => String(await mainOf(await read(), true));
  if (c.req.header("accept")?.includes("text/event-stream") === true)
    return streamChanges(c, context.live, { key, render });
  if (c.req.header("x-fragment") !== undefined) return c.html(await render());
  return c.html(wholePage(await read(), frame, true));
}

function answerAsset(c: Context, assets: PageAssets): Response {
  const found = assets.find(c.req.param("name") ?? "");
  if (found === null) throw new NotFoundError("There is no such file.");
  c.header("Content-Type", found.type);
  c.header("Cache-Control", "public, max-age=31536000, immutable");
  return c.body(found.text);
}

/** Keys may name persons: only operators get them. */
async function answerRejects(c: PageContext, context: ViewContext): Promise<Response> {
  if (!c.get("visitor").mayOperate) throw new ForbiddenError("The keys of rejects are for operators.");
  const wanted = wantedOf(c);
  const target = targetOf(context, wanted);
  const run = await runOf(context, target, wanted);
  const file = c.req.param("file") ?? "";
  const texts = rejectTexts(target.session, run.id, rejectFormat(file) ?? "csv");
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await texts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value.text));
    },
    cancel: () => void texts.return(undefined),
  });
  c.header("Content-Type", file.endsWith(".csv") ? "text/csv; charset=utf-8" : "application/x-ndjson");
  c.header("Content-Disposition", `attachment; filename="rejects-of-run-${run.id}.${file.split(".")[1]}"`);
  return c.body(body);
}

function wantedOf(c: Context): Wanted {
  const visitor = c.get("visitor");
  return { mayOperate: visitor.mayOperate, params: c.req.param(), query: c.req.query() };
}

function isForPerson(c: Context): boolean {
  return c.req.header("x-fragment") === undefined && c.req.header("accept")?.includes("text/html") === true;
}
