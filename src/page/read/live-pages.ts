import { createHash } from "node:crypto";
import { within } from "../../within.ts";
import { lookMs } from "./look.ts";

/** What a tab is told. */
export type Told = { readonly event: "changed" | "trouble"; readonly data: string };

/** A page that takes longer is said to be in trouble. */
const patienceMs = 8_000;
const late: Told = { event: "trouble", data: "The database does not answer." };
const tooMany: Told = {
  event: "trouble",
  data: "Too many different pages are open, so this one does not change by itself.",
};

/** More pages at once would weigh on the databases. */
const mostPages = 200;

interface Watched {
  readonly render: () => Promise<string>;
  readonly tell: Set<(told: Told) => void>;
  last: Told | null;
  isLooking: boolean;
}

/**
 * Tells tabs when their page has changed. Each page that a tab shows is made once a second, for all tabs that
 * show it; without tabs nothing is read.
 */
export class LivePages {
  readonly #pages = new Map<string, Watched>();
  readonly #explain: (thrown: unknown) => string;
  #timer: NodeJS.Timeout | null = null;

  constructor(explain: (thrown: unknown) => string) {
    this.#explain = explain;
  }

  /** How many tabs are open. */
  get tabs(): number {
    return [...this.#pages.values()].reduce((sum, { tell }) => sum + tell.size, 0);
  }

  /** Tells `tell` of changes of the page `key` until the returned function is called. */
  watch(key: string, render: () => Promise<string>, tell: (told: Told) => void): () => void {
    const known = this.#pages.get(key);
    if (known === undefined && this.#pages.size >= mostPages) {
      tell(tooMany);
      return () => {};
    }
    const page = known ?? { render, tell: new Set(), last: null, isLooking: false };
    this.#pages.set(key, page);
    page.tell.add(tell);
    // What it shows may be older than the last look.
    if (page.last !== null) tell(page.last);
    this.#timer ??= setInterval(() => this.#look(), lookMs);
    return () => {
      page.tell.delete(tell);
      if (page.tell.size === 0 && this.#pages.get(key) === page) this.#pages.delete(key);
      if (this.#pages.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** A page that is slow holds up no other. */
  #look(): void {
    for (const page of this.#pages.values()) {
      if (page.isLooking) continue;
      page.isLooking = true;
      void this.#lookAt(page).finally(() => {
        page.isLooking = false;
      });
    }
  }

  async #lookAt(page: Watched): Promise<void> {
    const told = await within(
      patienceMs,
      page.render().then(
        (text): Told => ({ event: "changed", data: createHash("sha256").update(text).digest("hex") }),
        (error: unknown): Told => ({ event: "trouble", data: this.#explain(error) }),
      ),
    ).then((answer) => answer ?? late);
    if (told.data === page.last?.data) return;
    page.last = told;
    for (const tell of page.tell) tell(told);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#pages.clear();
  }
}
