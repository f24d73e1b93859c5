import { html, raw } from "hono/html";
import type { Visitor } from "../access/access.ts";
import type { Html, View } from "./view.ts";

/** What a whole page has around its view. */
export interface Frame {
  readonly path: string;
  /** changes with the browser's files, so that an old copy is not used */
  readonly build: string;
  /** null on the page that asks to sign in */
  readonly visitor: Visitor | null;
  readonly hasOperators: boolean;
  /** the database, or how many targets there are */
  readonly where: string;
}

const pages = [
  ["/", "Runs"],
  ["/jobs", "Jobs"],
  ["/queue", "Queue"],
  ["/audit", "Audit"],
] as const;

/** A whole page. */
export function wholePage(view: View, frame: Frame, isLive = false): Html {
  const { build, visitor } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${view.title} · tidefill</title>
<link rel="icon" href="/assets/icon.svg?v=${build}" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css?v=${build}">
${scriptOf(build)}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/">tidefill</a>${visitor === null ? "" : navigation(frame)}${visitor === null ? "" : html`<p class="who">${frame.where}; ${whoOf(frame)}</p>`}</header>
<p id="trouble" role="alert"></p>
<p id="done" role="status"></p>
${mainOf(view, isLive)}
</body>
</html>`;
}

/** A plain text: bundlers rewrite tagged templates that hold the end of a script. */
function scriptOf(build: string): Html {
  return raw(`<script type="module" src="/assets/page.js?v=${build}"></script>`);
}

/** The part of a page that changes while it is open. */
export function mainOf({ title, body }: View, isLive: boolean): Html {
  return html`<main id="main" data-title="${title}"${isLive ? html` data-live` : ""} tabindex="-1">${body}</main>`;
}

function navigation({ path }: Frame): Html {
  const isHere = (page: string): boolean =>
    page === "/" ? path === "/" || path.startsWith("/runs/") : path === page || path.startsWith(`${page}/`);
  return html`<nav aria-label="Pages">${pages.map(
    ([page, name]) => html`<a href="${page}"${isHere(page) ? html` aria-current="page"` : ""}>${name}</a> `,
  )}</nav>`;
}

function whoOf({ visitor, hasOperators }: Frame): string {
  const name = visitor?.name ?? "";
  const may = hasOperators && visitor?.mayOperate === true ? "operator" : "viewer, no buttons";
  return name === "" ? may : `${name}, ${may}`;
}
