import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What the receiver was sent. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly body: any;
}

/** A webhook that answers as it is told: a status, or `null` for no answer at all. */
export class MockReceiver {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #answers: (number | null)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<MockReceiver> {
    const server = createServer();
    const receiver = new MockReceiver(server);
    server.on("request", async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      receiver.received.push({
        path: request.url ?? "",
        headers: request.headers,
        text,
        body: JSON.parse(text),
      });
      const answers = receiver.#answers;
      const status = answers.length > 0 ? answers.shift() : 204;
      // A redirect leads back here.
      if (typeof status === "number") response.writeHead(status, { location: "/elsewhere" }).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook/SECRET-PATH`;
  }

  /** The next requests are answered so; later ones by 204. */
  answer(...statuses: readonly (number | null)[]): void {
    this.#answers.push(...statuses);
  }

  /** What it was told, as `label 1: succeeded`. */
  get told(): readonly string[] {
    return this.received.map(
      ({ body }) => `${body.data.job} ${body.data.run}: ${body.type.replace("tidefill.", "")}`,
    );
  }

  forget(): void {
    this.received.length = 0;
    this.#answers.length = 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
