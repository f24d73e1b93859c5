import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { UsageError } from "../errors.ts";
import type { Access } from "./access/access.ts";
import { pageApp } from "./page-app.ts";
import { PageAssets } from "./page-assets.ts";
import { LivePages } from "./read/live-pages.ts";
import { Look } from "./read/look.ts";
import type { PageSources } from "./read/page-sources.ts";
import { RunReports } from "./read/run-reports.ts";

interface Options {
  readonly port: number;
  readonly host: string;
  /** how browsers reach it, where that is not this address: `https://tidefill.example.com` */
  readonly publicUrl: string | null;
  readonly access: Access;
}

/** Serves the page until it is stopped. */
export class PageServer {
  readonly #server: Server;
  readonly #live: LivePages;
  readonly #options: Options;
  #port = 0;

  constructor(sources: PageSources, options: Options) {
    this.#options = options;
    this.#live = new LivePages((thrown) => sources.explain(thrown).message);
    const context = { ...sources, look: new Look(), reports: new RunReports(), live: this.#live };
    const app = pageApp(context, {
      access: options.access,
      assets: PageAssets.load(),
      own: () => ({ origins: this.origins, cookie: `tidefill_${this.#port}` }),
    });
    this.#server = createAdaptorServer({ fetch: app.fetch }) as Server;
    this.#server.headersTimeout = 5_000;
  }

  /** Starts to listen. @throws UsageError when the port cannot be used */
  async start(): Promise<void> {
    const { port, host } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, "listening").catch((cause: unknown) => {
      throw new UsageError(`Port ${port} of ${host} cannot be used for the page.`, {
        remedy: "Choose another --port.",
        cause,
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** How browsers name it, the one to print first. */
  get origins(): readonly string[] {
    const { publicUrl, host } = this.#options;
    if (publicUrl !== null) return [new URL(publicUrl).origin];
    const own = host.includes(":") ? `[${host}]` : host;
    return [...new Set([own, "127.0.0.1", "localhost", "[::1]"])].map(
      // Browsers leave the usual port out.
      (name) => new URL(`http://${name}:${this.#port}`).origin,
    );
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#port;
  }

  /** How many tabs are open. */
  get tabs(): number {
    return this.#live.tabs;
  }

  async stop(): Promise<void> {
    this.#live.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
