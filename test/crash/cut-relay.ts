import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { MessageReader, sqlOf } from "../support/fault-proxy-messages.ts";

/**
 * A relay that cuts a connection where no statement begins or ends: right after the CommandComplete of the first statement
 * that matches, so that the client has every row but never hears that it may go on.
 */
export class CutRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cuts = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    target: { readonly host: string; readonly port: number },
    match: RegExp,
  ): Promise<CutRelay> {
    const server = createServer({ noDelay: true });
    const relay = new CutRelay(server);
    server.on("connection", (client) => relay.#accept(client, connect({ ...target, noDelay: true }), match));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return relay;
  }

  /** How many connections were cut. */
  get cuts(): number {
    return this.#cuts;
  }

  url(original: string): string {
    const url = new URL(original);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket, server: Socket, match: RegExp): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => [client, server].map((either) => either.destroy()));
    }
    const requests = new MessageReader("P");
    const replies = new MessageReader("");
    let isMatched = false;
    let isStarted = false;
    client.on("data", (chunk: Buffer) => {
      // The startup packet, which arrives alone, has no type.
      if (isStarted) {
        for (const { type, bytes } of requests.read(chunk))
          isMatched ||= match.test(sqlOf(type, bytes) ?? "");
      }
      isStarted = true;
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      let passing = 0;
      for (const { type, bytes, complete } of replies.read(chunk)) {
        passing += bytes.length;
        if (!(isMatched && this.#cuts === 0 && type === "C" && complete)) continue;
        this.#cuts += 1;
        client.end(chunk.subarray(0, passing));
        server.destroy();
        return;
      }
      client.write(chunk);
    });
  }
}
