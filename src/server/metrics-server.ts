import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../errors.ts";

/** How long the page stays up after the run, for the scrape that sees how it ended. */
const lingerMs = 20_000;

/** Metrics in Prometheus' text format. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** Whether a worker can take work, for a supervisor such as Kubernetes; null where it can, otherwise why not. */
export type WhyNotReady = () => string | null;

/**
 * Serves the metrics at `/metrics`, on this machine only unless a host is given; nothing can be changed
 * through it. With `whyNotReady` also `/healthz`, which answers while the process does, and `/readyz`.
 */
export class MetricsServer {
  readonly #metrics: MetricsPage;
  readonly #server: Server;
  #scrapes = 0;

  constructor(metrics: MetricsPage, whyNotReady?: WhyNotReady) {
    this.#metrics = metrics;
    this.#server = createServer((request, response) => {
      const path = request.method === "GET" ? request.url?.split("?")[0] : undefined;
      if (whyNotReady !== undefined && (path === "/healthz" || path === "/readyz")) {
        const why = path === "/readyz" ? whyNotReady() : null;
        response.writeHead(why === null ? 200 : 503).end(`${why ?? "ok"}\n`);
        return;
      }
      if (path !== "/metrics") {
        response.writeHead(404).end("tidefill serves /metrics\n");
        return;
      }
      this.#scrapes += 1;
      void this.#metrics.text().then((text) => {
        response.writeHead(200, { "content-type": this.#metrics.contentType }).end(text);
      });
    });
    this.#server.headersTimeout = 5_000;
    this.#server.requestTimeout = 5_000;
  }

  /** Starts and answers the port. @throws UsageError when it is taken */
  async start(port: number, host = "127.0.0.1"): Promise<number> {
    this.#server.listen(port, host);
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
