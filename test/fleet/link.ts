import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that a test can cut: connections break, and no new one comes through, until it is healed. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((incoming) => {
      if (this.#isCut) return void incoming.resetAndDestroy();
      const outgoing = connect(target);
      for (const [one, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  /** A link to the server of an address, that listens on `host`. */
  static async open(url: string, host = "127.0.0.1"): Promise<Link> {
    const { hostname, port } = new URL(url);
    const link = new Link({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve) => link.#server.listen(0, host, resolve));
    return link;
  }

  /** The same address by way of this link. */
  urlOf(url: string): string {
    const { address, port } = this.#server.address() as AddressInfo;
    const through = new URL(url);
    through.hostname = address;
    through.port = String(port);
    return through.href;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
