import type { html } from "hono/html";
import { requireSchema } from "../../store/schema/store-schema.ts";
import type { LivePages } from "../read/live-pages.ts";
import type { Look } from "../read/look.ts";
import type { PageSources, PageTarget } from "../read/page-sources.ts";
import type { RunReports } from "../read/run-reports.ts";

export type Html = ReturnType<typeof html>;

/** A page without its frame. */
export interface View {
  readonly title: string;
  readonly body: Html;
}

/** What views are made of. */
export interface ViewContext extends PageSources {
  readonly look: Look;
  readonly reports: RunReports;
  readonly live: LivePages;
}

/** What the address of a page and its visitor say. */
export interface Wanted {
  readonly mayOperate: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** Something that the address names is not there. */
export class NotFoundError extends Error {}

/** @throws NotFoundError */
export function targetOf({ targets }: ViewContext, { params }: Wanted): PageTarget {
  const found = targets.find(({ name }) => name === params.target);
  if (found === undefined) throw new NotFoundError(`There is no target "${params.target}" here.`);
  return found;
}

/** The address of something in a target. */
export function pathTo(target: PageTarget, ...parts: readonly (string | number)[]): string {
  const [kind = "runs", ...rest] = parts;
  return `/${[kind, target.name, ...rest].map((part) => encodeURIComponent(String(part))).join("/")}`;
}

/** A page of a target needs tidefill's tables there, of this version. @throws TidefillError */
export async function requireStore({ look }: ViewContext, { name, session }: PageTarget): Promise<void> {
  await look.read(`version of ${name}`, () => requireSchema(session.db, session.store.schema), 10_000);
}
