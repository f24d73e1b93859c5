// The script of every page: it keeps the main part as it is on the server, draws charts, and sends what buttons ask for.
import { Idiomorph } from "idiomorph";
import { drawCharts } from "./charts.ts";
import { sendForm } from "./send-form.ts";

const main = (): HTMLElement | null => document.getElementById("main");
const trouble = document.getElementById("trouble");

let events: EventSource | null = null;
let isRefreshing = false;
let isStale = false;
/** whether the server no longer knows our session */
let hasEnded = false;

/** whether a dialog is open */
const isAsking = (): boolean => document.querySelector("dialog[open]") !== null;

/** What only works with this script is hidden without it. */
function reveal(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-needs-script]")) element.hidden = false;
}

function say(text: string): void {
  if (trouble !== null && trouble.textContent !== text) trouble.textContent = text;
}

/** Fetches the main part and changes what differs: focus, selection and open parts stay. */
async function refresh(): Promise<void> {
  isStale = true;
  if (isRefreshing || isAsking()) return;
  isRefreshing = true;
  try {
    while (isStale) {
      isStale = false;
      await refreshOnce();
    }
  } catch {
    say("tidefill serve does not answer. The page shows what was known last.");
  } finally {
    isRefreshing = false;
  }
}

async function refreshOnce(): Promise<void> {
  const response = await fetch(location.href, { headers: { "x-fragment": "1" } });
  if (response.status === 401) {
    hasEnded = true;
    events?.close();
    say("Your session has ended. Reload the page to sign in again.");
    return;
  }
  const text = await response.text();
  const now = main();
  // A dialog that was opened meanwhile would be closed; when it closes, the page is fetched again.
  if (now === null || !response.ok || isAsking()) return;
  const next = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  if (next === null) return;
  reveal(next);
  Idiomorph.morph(now, next, { morphStyle: "outerHTML", callbacks: { beforeNodeMorphed: keep } });
  say("");
  document.title = `${main()?.dataset.title ?? "tidefill"} · tidefill`;
  void drawCharts();
}

/** What the server does not know: whether details are open, and what is drawn in a chart. */
function keep(before: Node, after: Node): boolean {
  if (before instanceof HTMLDetailsElement && after instanceof HTMLDetailsElement) after.open = before.open;
  return !(before instanceof HTMLElement && before.matches(".plot"));
}

/** Waits between attempts to listen again, while the server is away. */
const waitsMs = [1_000, 2_000, 5_000, 15_000];
let attempts = 0;
let retrying = 0;

/** Listens while the page is visible: browsers allow six connections to a host, and each open one holds one. */
function listen(): void {
  window.clearTimeout(retrying);
  events?.close();
  events = null;
  if (document.hidden || main()?.dataset.live === undefined) return;
  events = new EventSource(location.href);
  events.addEventListener("open", () => {
    attempts = 0;
  });
  events.addEventListener("changed", () => void refresh());
  events.addEventListener("trouble", (event) => say(`${event.data} The page shows what was known last.`));
  events.addEventListener("error", () => {
    say("No connection to tidefill serve. The page shows what was known last, and tries again.");
    // Browsers try again by themselves, but not after an answer such as 502 of a proxy.
    if (events?.readyState === EventSource.CLOSED) retry();
  });
}

function retry(): void {
  const waitMs = waitsMs[Math.min(attempts, waitsMs.length - 1)];
  attempts += 1;
  // Before it listens: only an answer tells that the session has ended.
  retrying = window.setTimeout(() => void refresh().finally(() => hasEnded || listen()), waitMs);
}

document.addEventListener("visibilitychange", listen);

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const opens = button?.dataset.opens;
  if (opens !== undefined) {
    const dialog = document.getElementById(opens);
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }
  if (button?.dataset.closes !== undefined) button.closest("dialog")?.close();
});

document.addEventListener(
  "close",
  (event) => {
    if (event.target instanceof HTMLDialogElement) void refresh();
  },
  true,
);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.posts === undefined) return;
  event.preventDefault();
  void sendForm(form, form.dataset.posts);
});

reveal(document);
listen();
void drawCharts();
