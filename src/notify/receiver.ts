import { setTimeout as delay } from "node:timers/promises";
import { messageOf, UsageError } from "../errors.ts";
import type { Notice } from "./notice.ts";
import { type NotifyFormat, noticeBody } from "./notice-body.ts";
import { signBody } from "./sign-body.ts";

const timeoutMs = 10_000;
/** Waits between attempts; what fails after the last is tried by a later look. */
const waitsMs = [500, 2_000, 8_000];

/** The system that is told. */
export class Receiver {
  readonly #url: URL;
  readonly #format: NotifyFormat;
  readonly #secret: string | null;

  /** @throws UsageError for what is not an address */
  constructor(url: string, format: NotifyFormat | undefined, secret: string | null) {
    this.#url = parsed(url);
    this.#format = format ?? (this.#url.hostname === "hooks.slack.com" ? "slack" : "json");
    this.#secret = secret;
  }

  /** Its host; the rest of the address is often a secret. */
  get host(): string {
    return this.#url.host;
  }

  /** Posts a notice until it is taken, or `signal` fires; answers null when it was taken, else why not. */
  async tell(notice: Notice, signal: AbortSignal): Promise<string | null> {
    let problem = `${this.host} did not answer in time`;
    for (const waitMs of [0, ...waitsMs]) {
      await delay(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      const { isTaken, isFinal, why } = await this.#post(notice, signal);
      if (isTaken) return null;
      problem = why;
      if (isFinal) break;
    }
    return problem;
  }

  async #post(
    notice: Notice,
    signal: AbortSignal,
  ): Promise<{ readonly isTaken: boolean; readonly isFinal: boolean; readonly why: string }> {
    const body = noticeBody(notice, this.#format);
    const seconds = Math.floor(Date.now() / 1_000);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...signBody({ id: notice.id, seconds, body }, this.#secret),
        },
        body,
        // Another address was not named by the operator.
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
      });
      await response.body?.cancel();
      const { status } = response;
      const isFinal = status >= 300 && status < 500 && ![408, 425, 429].includes(status);
      return { isTaken: response.ok, isFinal, why: `${this.host} answered ${status}` };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      // A receiver that hangs hangs again: it is asked by a later look.
      const hangs = cause instanceof Error && cause.name === "TimeoutError";
      return { isTaken: false, isFinal: hangs, why: `${this.host}: ${messageOf(cause)}` };
    }
  }
}

/** Never with the address: its path may be a secret. */
function parsed(url: string): URL {
  const found = URL.canParse(url) ? new URL(url) : null;
  if (found !== null && /^https?:$/.test(found.protocol)) return found;
  throw new UsageError("--notify wants the address of a webhook.", {
    remedy: "Write --notify https://example.com/hook, or set TIDEFILL_NOTIFY_URL.",
  });
}
