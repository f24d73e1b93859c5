import { messageOf, UsageError } from "../../errors.ts";
import { chooseTargets } from "../../fleet/targets/choose-targets.ts";
import type { NamedTarget as ListedTarget } from "../../fleet/targets/define-targets.ts";
import { PageServer } from "../../page/page-server.ts";
import type { PageSources } from "../../page/read/page-sources.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { type NotifySettings, notifyOptions, receiverOf } from "../notify/notify-options.ts";
import { TargetsNotifier } from "../notify/targets-notifier.ts";
import { commonOptions, commonSettings, type GivenSettings } from "../options/settings.ts";
import { located } from "../options/with-store.ts";
import { openPageTarget } from "../serve/open-page-target.ts";
import { openSources } from "../serve/open-sources.ts";
import { PageQueue } from "../serve/page-queue.ts";
import { accessOf, requireSafe, type ServeChoice, serveOptions } from "../serve/serve-options.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { loadTargets } from "../targets/load-targets.ts";
import type { NamedTarget } from "../targets/read-targets.ts";
import { emphasise, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";

interface ServeGiven extends GivenSettings, ServeChoice, NotifySettings {
  readonly operatorUrl?: string | undefined;
}

interface ServeParts {
  /** as the list of targets has them; empty without a list */
  readonly listed: readonly ListedTarget[];
  readonly queue: PageQueue;
  readonly away: PageSources["away"];
}

type OpenTarget = ReturnType<typeof openPageTarget>;

/** `tidefill serve` */
export const serveCommand = defineTargetCommand(
  {
    builder: (yargs) => notifyOptions(serveOptions(commonOptions(yargs))),
    handler: async (given) => {
      requireSafe(given);
      const settings = commonSettings(given);
      await located(settings, async (viewer) => {
        const { target } = given as GivenSettings;
        const operator = operatorOf(given, target === undefined);
        const { schema } = settings;
        const unnamed = openPageTarget({ name: "", viewer, operator, schema });
        const name = target ?? (await nameOf(unnamed));
        const listed = target === undefined ? [] : await listedTargets(given);
        const queue = new PageQueue(viewer, operator);
        await serve(given, [{ ...unnamed, name }], { listed, queue, away: [] });
      });
    },
  },
  { together: serveTargets },
);

/** A target has an operator's address of its own, or none: another one would lead to another database. */
function operatorOf(
  { operatorUrl }: Pick<ServeGiven, "operatorUrl">,
  mayBeFromEnvironment: boolean,
): Address | null {
  const { TIDEFILL_OPERATOR_URL: fromEnvironment } = process.env;
  const url = operatorUrl ?? (mayBeFromEnvironment ? fromEnvironment : undefined);
  return url === undefined || url === "" ? null : { connectionString: url };
}

async function serveTargets(targets: readonly NamedTarget<ServeGiven>[], given: ServeGiven): Promise<void> {
  requireSafe(given);
  commonSettings(given);
  const opened: OpenTarget[] = [];
  const away: { readonly name: string; readonly problem: string }[] = [];
  for (const { name, locate } of targets) {
    try {
      const located = await locate();
      const viewer = { connectionString: located.databaseUrl };
      opened.push(
        openPageTarget({ name, viewer, operator: operatorOf(located, false), schema: located.schema }),
      );
    } catch (error) {
      away.push({ name, problem: messageOf(error) });
    }
  }
  const queue = new PageQueue(null, null);
  await serve(given, opened, { listed: await listedTargets(given), queue, away });
}

/** Serves until a signal comes. */
async function serve(
  given: ServeGiven,
  targets: readonly OpenTarget[],
  { listed, queue, away }: ServeParts,
): Promise<void> {
  const notifier = notifierOf(given, targets, { isListed: listed.length > 0, queue });
  const signals = new ProcessSignals();
  const stopped = new Promise<void>((resolve) => signals.signal.addEventListener("abort", () => resolve()));
  const hasOperators = targets.some(({ operator }) => operator !== null);
  const sources = await openSources({ targets, listed, queue, away, folder: given.jobs });
  const access = accessOf(given, hasOperators, (next) =>
    say(emphasise("dim", `Another browser: ${linkOf(next)}`)),
  );
  const server = new PageServer(sources, { ...given, publicUrl: given.publicUrl ?? null, access });
  const linkOf = (token: string): string => `${server.origins[0]}/?token=${token}`;
  try {
    await server.start();
    signals.listen("closing the page");
    notifier?.start();
    if (notifier !== null) say(emphasise("dim", `Telling ${notifier.host} of runs.`));
    sayWhere(
      server.origins[0] ?? "",
      given.auth === "link" ? linkOf(access.token ?? "") : null,
      hasOperators,
    );
    await stopped;
  } finally {
    await server.stop();
    await notifier?.stop();
    await Promise.allSettled([queue.close(), ...targets.map(({ close }) => close())]);
    signals.ignore();
  }
}

/** @throws UsageError where what was told could not be written down */
function notifierOf(
  given: ServeGiven,
  targets: readonly OpenTarget[],
  { isListed, queue }: { readonly isListed: boolean; readonly queue: PageQueue },
): TargetsNotifier | null {
  const receiver = receiverOf(given);
  if (receiver === null) return null;
  const told = targets.flatMap(({ name, operator }) =>
    operator === null ? [] : [{ name: isListed ? name : null, session: operator }],
  );
  if (told.length < targets.length)
    throw new UsageError("--notify writes down what it has told, so it needs the operator role.", {
      remedy: isListed
        ? "Give each target an operatorUrl in tidefill.targets.ts."
        : "--operator-url postgres://…, or TIDEFILL_OPERATOR_URL",
    });
  return new TargetsNotifier(receiver, told, () => queue.sending());
}

/** In one piece, so that a program that waits for the address has read all of it. */
function sayWhere(origin: string, link: string | null, hasOperators: boolean): void {
  const once = "The link works once, in one browser. Ctrl-C ends the page; runs go on.";
  const buttons = "It has no buttons: --operator-url names the database for a role that may steer runs.";
  const lines = [
    `The page: ${emphasise("bold", link ?? origin)}`,
    ...(link === null ? [] : [emphasise("dim", once)]),
    ...(hasOperators ? [] : [emphasise("dim", buttons)]),
  ];
  say(lines.join("\n"));
}

/** The name of the database, as an address has it. @throws the error of a database that does not answer */
async function nameOf({ session }: OpenTarget): Promise<string> {
  const { rows } = await session.db.query(sql`select pg_catalog.current_database() as name`);
  return rows[0]?.name ?? "database";
}

async function listedTargets(given: ServeGiven): Promise<readonly ListedTarget[]> {
  const targets = await loadTargets(given.jobs).catch((error: unknown) => {
    say(messageOf(error));
    return null;
  });
  return targets === null ? [] : chooseTargets(await targets.all(), { allTargets: true });
}
