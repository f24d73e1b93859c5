import { readFileSync } from "node:fs";
import type { Argv } from "yargs";
import { UsageError } from "../../errors.ts";
import type { Access } from "../../page/access/access.ts";
import { ProxyAccess } from "../../page/access/proxy-access.ts";
import { TokenAccess } from "../../page/access/token-access.ts";

const defaultPort = 7_433;

/** Options of `tidefill serve` that say where the page is, and who may see it. */
export function serveOptions<T>(yargs: Argv<T>) {
  return yargs
    .option("port", { type: "number", default: defaultPort, describe: "the port of the page" })
    .option("host", {
      type: "string",
      default: "127.0.0.1",
      requiresArg: true,
      describe: "the address to listen on; another one needs --auth and --public-url",
    })
    .option("public-url", {
      type: "string",
      requiresArg: true,
      describe: "how browsers reach the page: https://tidefill.example.com",
    })
    .option("auth", {
      choices: ["link", "token", "proxy"] as const,
      default: "link" as const,
      describe:
        "a link that works once; a token (TIDEFILL_PAGE_TOKEN, or --token-file); or a proxy that names the user",
    })
    .option("token-file", { type: "string", requiresArg: true, describe: "the file that holds the token" })
    .option("user-header", {
      type: "string",
      default: "X-Forwarded-User",
      requiresArg: true,
      describe: "the header in which the proxy names the user",
    })
    .option("trusted-proxy", {
      type: "string",
      array: true,
      default: [] as readonly string[],
      describe: "the proxy's address or network: 10.0.0.0/8",
    })
    .option("operators", {
      type: "string",
      requiresArg: true,
      describe: "with a proxy: the users who may press buttons, alice,bob",
    })
    .option("operator-url", {
      type: "string",
      requiresArg: true,
      describe:
        "the database's address for the operator role (else TIDEFILL_OPERATOR_URL); without it, no buttons",
    });
}

/** What these options say. */
export interface ServeChoice {
  readonly port: number;
  readonly host: string;
  readonly publicUrl?: string | undefined;
  readonly auth: "link" | "token" | "proxy";
  readonly tokenFile?: string | undefined;
  readonly userHeader: string;
  readonly trustedProxy: readonly string[];
  readonly operators?: string | undefined;
}

/** @throws UsageError for choices that would show the page to people who should not see it */
export function requireSafe(choice: ServeChoice): void {
  const { port, host, publicUrl, auth, trustedProxy, tokenFile, operators } = choice;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port must be a port from 1 to 65535, got ${port}.`);
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    throw new UsageError(`--public-url wants an address without a path, not "${publicUrl}".`, {
      remedy: "Write --public-url https://tidefill.example.com",
    });
  const isLocal = ["127.0.0.1", "::1", "localhost"].includes(host);
  if (!isLocal && auth === "link")
    throw new UsageError(`On ${host} the page can be reached from elsewhere, so it needs --auth.`, {
      remedy: "--auth token with TIDEFILL_PAGE_TOKEN, or --auth proxy behind a proxy that signs people in",
    });
  if ((!isLocal || auth === "proxy") && publicUrl === undefined)
    throw new UsageError("Say how browsers reach the page, so that requests under other names are refused.", {
      remedy: "--public-url https://tidefill.example.com",
    });
  if (auth === "proxy" && trustedProxy.length === 0)
    throw new UsageError("Say from which address the proxy connects: other peers could name any user.", {
      remedy: "--trusted-proxy 10.0.0.5",
    });
  if (auth !== "proxy" && (trustedProxy.length > 0 || operators !== undefined))
    throw new UsageError("--trusted-proxy and --operators belong to --auth proxy.");
  if (auth !== "token" && tokenFile !== undefined)
    throw new UsageError("--token-file belongs to --auth token.");
}

/** Who may see the page. `onUsed` is called with the next token of a link. @throws UsageError */
export function accessOf(
  choice: ServeChoice,
  mayOperate: boolean,
  onUsed: (next: string) => void,
): Access & { readonly token?: string } {
  const { auth, userHeader, trustedProxy, operators = "" } = choice;
  if (auth === "proxy")
    return new ProxyAccess({
      userHeader,
      trustedProxies: trustedProxy,
      operators: operators.split(",").map((name) => name.trim()),
    });
  const token = auth === "token" ? knownToken(choice) : undefined;
  return new TokenAccess({ token, mayOperate, onUsed });
}

function knownToken({ tokenFile }: ServeChoice): string {
  const token = tokenFile === undefined ? process.env.TIDEFILL_PAGE_TOKEN : readToken(tokenFile);
  if (token !== undefined && token !== "") return token;
  throw new UsageError("--auth token needs a token.", {
    remedy: 'export TIDEFILL_PAGE_TOKEN="$(openssl rand -base64 32)"   or --token-file <file>',
  });
}

function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new UsageError(`The file of the token, ${path}, cannot be read.`, { cause });
  }
}

function isOrigin(text: string): boolean {
  try {
    const { origin, protocol } = new URL(text);
    return /^https?:$/.test(protocol) && (text === origin || text === `${origin}/`);
  } catch {
    return false;
  }
}
