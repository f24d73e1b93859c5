import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { LivePages, Told } from "./read/live-pages.ts";

/** Proxies close a connection on which nothing comes for a minute or so. */
const commentEveryMs = 15_000;

/**
 * Tells one tab when its page has changed, as server-sent events. A tab that reads slowly is told only the
 * newest: nothing piles up for it.
 */
export function streamChanges(
  c: Context,
  live: LivePages,
  page: { readonly key: string; readonly render: () => Promise<string> },
): Response {
  // nginx would keep events until its buffer is full.
  c.header("X-Accel-Buffering", "no");
  const response = streamSSE(c, async (stream) => {
    const inbox = new Inbox();
    const leave = live.watch(page.key, page.render, (told) => inbox.put(told));
    stream.onAbort(() => inbox.close());
    const timer = setInterval(() => inbox.put(null), commentEveryMs);
    try {
      await stream.write("retry: 2000\n\n");
      for await (const told of inbox) {
        if (told === null) await stream.write(": still here\n\n");
        else await stream.writeSSE(told);
      }
    } finally {
      clearInterval(timer);
      leave();
    }
  });
  response.headers.set("Cache-Control", "no-store, no-transform");
  return response;
}

/** Holds the newest message until it can be sent; null is a sign of life. */
class Inbox {
  #newest: Told | null | undefined;
  #isOpen = true;
  #wake: () => void = () => {};

  put(told: Told | null): void {
    // A sign of life says less than what waits.
    if (told !== null || this.#newest === undefined) this.#newest = told;
    this.#wake();
  }

  close(): void {
    this.#isOpen = false;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Told | null> {
    while (this.#isOpen) {
      const told = this.#newest;
      this.#newest = undefined;
      if (told !== undefined) yield told;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
