import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ProxiedConnection, type Target } from "./fault-proxy-connection.ts";
import { type Armed, ArmedFault, type Fault } from "./fault-proxy-fault.ts";

/**
 * A TCP proxy that understands enough of the PostgreSQL wire protocol to break a connection at a chosen
 * statement. It declines TLS and GSS encryption, since it could not read through them.
 */
export class FaultProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #target: Target;
  readonly #open = new Map<ProxiedConnection, Promise<void>>();
  #faults: readonly ArmedFault[] = [];

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Listens on a free port of 127.0.0.1; a client whose target cannot be reached is reset. */
  static async start(target: Target): Promise<FaultProxy> {
    // Half-open, so that Node never answers a FIN on its own: a black hole must stay silent.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new FaultProxy(server, target);
    server.on("connection", (client) => proxy.#accept(client));
    return proxy;
  }

  /** The number of open connections, including black holes and clients that left while a message is held. */
  get connections(): number {
    return this.#open.size;
  }

  /** The same connection string, through the proxy. */
  url(original: string): string {
    const url = new URL(original);
    url.hostname = "127.0.0.1";
    url.port = String(this.port);
    url.searchParams.delete("host");
    url.searchParams.delete("port");
    return url.href;
  }

  /**
   * Arms a fault for all connections, including open ones. If several match the same statement, the oldest
   * strikes.
   */
  arm(fault: Fault): Armed {
    const armed = new ArmedFault(fault);
    this.#faults = [...this.#faults, armed];
    return armed;
  }

  /** Resets (RST) both sides of every open connection. */
  resetAll(): void {
    for (const connection of this.#open.keys()) connection.reset();
  }

  /** Resets open connections and stops listening. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.resetAll();
    await Promise.all([closed, ...this.#open.values()]);
  }

  #accept(client: Socket): void {
    const connection = new ProxiedConnection(client, this.#target, (sql) => this.#strike(sql));
    const running = connection.run().finally(() => this.#open.delete(connection));
    this.#open.set(connection, running);
  }

  #strike(sql: string): ArmedFault | undefined {
    // filter, not find: every fault counts its matches, whichever strikes.
    return this.#faults.filter((fault) => fault.strikes(sql))[0];
  }
}
