import { BlockList, isIP } from "node:net";
import { UsageError } from "../../errors.ts";
import { type Access, type Asking, ForbiddenError, type Visitor } from "./access.ts";

interface Options {
  /** the header in which the proxy names the user */
  readonly userHeader: string;
  /** addresses or networks of the proxy, such as `10.0.0.0/8` */
  readonly trustedProxies: readonly string[];
  /** the users who may press buttons */
  readonly operators: readonly string[];
}

/** A proxy signs people in and names them in a header; other peers are refused. */
export class ProxyAccess implements Access {
  readonly hasForm = false;
  readonly howToSignIn = "The proxy named no user. Sign in there.";
  readonly #header: string;
  readonly #trusted: BlockList;
  readonly #operators: ReadonlySet<string>;

  /** @throws UsageError for a network that cannot be read */
  constructor({ userHeader, trustedProxies, operators }: Options) {
    this.#header = userHeader;
    this.#trusted = networks(trustedProxies);
    this.#operators = new Set(operators);
  }

  identify({ peer, header }: Asking): Visitor | null {
    if (!this.#isTrusted(peer))
      throw new ForbiddenError(`${peer} is not the proxy. Pages are shown only through it.`);
    const name = header(this.#header)?.trim() ?? "";
    // Two proxies in a row may have added one value each, and then the first could be the browser's own.
    if (name === "" || name.length > 200 || name.includes(",")) return null;
    return { name, mayOperate: this.#operators.has(name) };
  }

  signIn(): null {
    return null;
  }

  #isTrusted(peer: string): boolean {
    const address = peer.replace(/^::ffff:(?=\d+\.)/, "");
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 4 ? "ipv4" : "ipv6");
  }
}

function networks(given: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of given) {
    const [address = "", length, ...rest] = network.split("/");
    const family = isIP(address);
    const longest = family === 4 ? 32 : 128;
    const bits = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : -1;
    if (family === 0 || rest.length > 0 || bits < 0 || bits > longest)
      throw new UsageError(`"${network}" is not an address or a network.`, {
        remedy: "Write --trusted-proxy 10.0.0.0/8 or --trusted-proxy 127.0.0.1",
      });
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}
