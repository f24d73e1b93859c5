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

  /** Posts a notice until it is taken; answers null then, else why it was not. */
  async tell(notice: Notice): Promise<string | null> {
    let problem = "";
    for (const waitMs of [0, ...waitsMs]) {
      await delay(waitMs);
      const { isTaken, isFinal, why } = await this.#post(notice);
      if (isTaken) return null;
      problem = why;
      if (isFinal) break;
    }
    return problem;
  }

  async #post(
    notice: Notice,
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
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      const { status } = response;
      const isFinal = status >= 300 && status < 500 && ![408, 425, 429].includes(status);
      return { isTaken: response.ok, isFinal, why: `${this.host} answered ${status}` };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { isTaken: false, isFinal: false, why: `${this.host}: ${messageOf(cause)}` };
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
