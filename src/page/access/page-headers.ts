import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

const own = ["'self'"];

/**
 * Headers of every answer. Scripts and styles come from here only, and none is inline; no other site may embed a
 * page. Whether browsers must use TLS is for the proxy to say.
 */
export const pageHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: own,
    styleSrc: own,
    connectSrc: own,
    imgSrc: ["'self'", "data:"],
    formAction: own,
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
  strictTransportSecurity: false,
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
});
