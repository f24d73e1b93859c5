import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { UsageError } from "../../errors.ts";
import type { Access, Asking, Visitor } from "./access.ts";

/** Shorter tokens can be guessed. */
const shortestToken = 20;
const mostSessions = 1_000;

interface Options {
  /** a token that stays valid; a new one that works once when absent */
  readonly token?: string | undefined;
  readonly mayOperate: boolean;
  /** called with the next token after one that works once was used */
  readonly onUsed?: (next: string) => void;
}

/** A person who knows a token sees pages; a session lasts as long as the process. */
export class TokenAccess implements Access {
  readonly hasForm: boolean;
  readonly #isFixed: boolean;
  readonly #visitor: Visitor;
  readonly #onUsed: (next: string) => void;
  readonly #sessions = new Set<string>();
  #token: string;

  /** @throws UsageError for a token that can be guessed */
  constructor({ token, mayOperate, onUsed = () => {} }: Options) {
    if (token !== undefined && token.length < shortestToken)
      throw new UsageError(`The token for the page must have at least ${shortestToken} characters.`, {
        remedy: "Make one: openssl rand -base64 32",
      });
    this.#isFixed = token !== undefined;
    this.#token = token ?? newToken();
    this.#visitor = { name: null, mayOperate };
    this.#onUsed = onUsed;
    this.hasForm = this.#isFixed;
  }

  /** The token that works now. */
  get token(): string {
    return this.#token;
  }

  get howToSignIn(): string {
    return this.#isFixed
      ? "Enter the token with which `tidefill serve` was started."
      : "A link works once. Open the newest one that `tidefill serve` printed in its terminal.";
  }

  identify({ cookie }: Asking): Visitor | null {
    return cookie !== undefined && this.#sessions.has(cookie) ? this.#visitor : null;
  }

  signIn(token: string): string | null {
    if (!isSame(token, this.#token)) return null;
    const session = newToken();
    this.#sessions.add(session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > mostSessions && oldest !== undefined) this.#sessions.delete(oldest);
    if (!this.#isFixed) {
      this.#token = newToken();
      this.#onUsed(this.#token);
    }
    return session;
  }
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}

/** Compares in a time that does not depend on where the texts differ. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
