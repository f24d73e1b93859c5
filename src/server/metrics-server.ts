import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../errors.ts";
import type { Metrics } from "../observe/metrics.ts";

/** How long the page stays up after the run, for the scrape that sees how it ended. */
const lingerMs = 20_000;

/** Serves the metrics on this machine only, at `/metrics`; nothing can be changed through it. */
export class MetricsServer {
  readonly #metrics: Metrics;
  readonly #server: Server;
  #scrapes = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#server = createServer((request, response) => {
      if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
        response.writeHead(404).end("tidefill serves /metrics\n");
        return;
      }
      this.#scrapes += 1;
      void this.#metrics.text().then((text) => {
        response.writeHead(200, { "content-type": this.#metrics.registry.contentType }).end(text);
      });
    });
    this.#server.headersTimeout = 5_000;
    this.#server.requestTimeout = 5_000;
  }

  /** Starts and answers the port. @throws UsageError when it is taken */
  async start(port: number): Promise<number> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening").catch((cause: unknown) => {
      throw new UsageError(`Port ${port} for the metrics cannot be used.`, {
        remedy: "Choose another --metrics-port.",
        cause,
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Stops. If the page was ever scraped, it stays up for at most twenty seconds, until the next scrape has
   * seen how the run ended; `onLinger` is called before that wait.
   */
  async stop(onLinger: () => void): Promise<void> {
    const before = this.#scrapes;
    if (before > 0) onLinger();
    const deadline = performance.now() + lingerMs;
    while (before > 0 && this.#scrapes === before && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
