import type { MiddlewareHandler } from "hono";
import { ForbiddenError } from "./access.ts";

/** Where the page is, as browsers name it. */
export interface OwnAddress {
  /** `http://127.0.0.1:7433` */
  readonly origins: readonly string[];
}

/**
 * Lets only requests through that a page of ours makes. The name of the host must be ours, since another site may
 * resolve its own name to our address (DNS rebinding). A POST must come from our origin, and have a header that
 * no form of another site can send.
 */
export function requireOwnRequest(own: () => OwnAddress): MiddlewareHandler {
  return async (c, next) => {
    const { origins } = own();
    const host = c.req.header("host") ?? "";
    if (!origins.some((origin) => new URL(origin).host === host))
      throw new ForbiddenError(`This is not the page of "${host}". Open ${origins[0]}.`);
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      if (!isSameOrigin(c.req.header("origin"), c.req.header("sec-fetch-site"), origins))
        throw new ForbiddenError("The request comes from another site.");
      const isForm = c.req.path === "/sign-in";
      if (!isForm && c.req.header("x-tidefill") !== "page")
        throw new ForbiddenError("The request does not come from a button of this page.");
    }
    await next();
  };
}

function isSameOrigin(
  origin: string | undefined,
  site: string | undefined,
  origins: readonly string[],
): boolean {
  if (site !== undefined && site !== "same-origin") return false;
  return origin === undefined ? site === "same-origin" : origins.includes(origin);
}
