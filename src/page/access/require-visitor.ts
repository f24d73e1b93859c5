import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Access, Visitor } from "./access.ts";

/** What the middleware leaves for the pages. */
export interface PageVariables {
  readonly Variables: { visitor: Visitor };
}

interface Options {
  readonly access: Access;
  /** Cookies do not know ports: two programs on one machine need two names. */
  readonly cookie: () => string;
  readonly isSecure: () => boolean;
  /** answers a person without a session */
  readonly ask: (c: Context, isWrong: boolean) => Response | Promise<Response>;
}

/**
 * Lets only visitors through. A link with a token, or the form, becomes a cookie at once, so that the token does
 * not stay in the address.
 */
export function requireVisitor({ access, cookie, isSecure, ask }: Options): MiddlewareHandler<PageVariables> {
  const enter = (c: Context, token: string): Response | Promise<Response> => {
    const session = access.signIn(token);
    if (session === null) return ask(c, true);
    setCookie(c, cookie(), session, { httpOnly: true, sameSite: "Strict", path: "/", secure: isSecure() });
    return c.redirect("/", 303);
  };
  return async (c, next) => {
    const { path, method } = c.req;
    if (path === "/sign-in" && method === "POST") {
      const { token } = await c.req.parseBody();
      return enter(c, typeof token === "string" ? token : "");
    }
    const token = c.req.query("token");
    if (token !== undefined && method === "GET" && path === "/") return enter(c, token);
    const known = getCookie(c, cookie());
    const visitor = access.identify({
      peer: getConnInfo(c).remote.address ?? "",
      header: (name) => c.req.header(name),
      cookie: known,
    });
    if (visitor === null) {
      if (known !== undefined) deleteCookie(c, cookie(), { path: "/" });
      return ask(c, false);
    }
    c.set("visitor", visitor);
    return next();
  };
}
