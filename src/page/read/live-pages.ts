import { createHash } from "node:crypto";
import { within } from "../../within.ts";
import { lookMs } from "./look.ts";

/** What a tab is told. */
export type Told = { readonly event: "changed" | "trouble"; readonly data: string };

/** One page that hangs must not keep the rest from being told. */
const patienceMs = 8_000;
const late: Told = { event: "trouble", data: "The database does not answer." };

interface Watched {
  readonly render: () => Promise<string>;
  readonly tell: Set<(told: Told) => void>;
  last: string | null;
}

/**
 * Tells tabs when their page has changed. Each page that a tab shows is made once a second, for all tabs that
 * show it; without tabs nothing is read.
 */
export class LivePages {
  readonly #pages = new Map<string, Watched>();
  readonly #explain: (thrown: unknown) => string;
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;

  constructor(explain: (thrown: unknown) => string) {
    this.#explain = explain;
  }

  /** How many tabs are open. */
  get tabs(): number {
    return [...this.#pages.values()].reduce((sum, { tell }) => sum + tell.size, 0);
  }

  /** Tells `tell` of changes of the page `key` until the returned function is called. */
  watch(key: string, render: () => Promise<string>, tell: (told: Told) => void): () => void {
    const page = this.#pages.get(key) ?? { render, tell: new Set(), last: null };
    this.#pages.set(key, page);
    page.tell.add(tell);
    this.#timer ??= setInterval(() => void this.#look(), lookMs);
    return () => {
      page.tell.delete(tell);
      if (page.tell.size === 0 && this.#pages.get(key) === page) this.#pages.delete(key);
      if (this.#pages.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** Looks at all watched pages at once, without waiting for a button. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await Promise.all([...this.#pages.values()].map((page) => this.#lookAt(page)));
    } finally {
      this.#isLooking = false;
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
    if (told.data === page.last) return;
    page.last = told.data;
    for (const tell of page.tell) tell(told);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#pages.clear();
  }
}
