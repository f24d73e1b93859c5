import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { MessageReader, sqlOf } from "../../support/fault-proxy-messages.ts";

/** The server's message when an administrator terminates a connection. */
const terminated = message(
  "E",
  "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0",
);

/**
 * A relay that ends a connection once, in the middle of the server's answer. The fault proxy cannot: it ends
 * connections only between statements.
 */
export class SplitRelay {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #statement: RegExp | null = null;
  #connectionsToPass = Number.POSITIVE_INFINITY;
  #strikes = 0;

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.#target = target;
  }

  static async start(original: string): Promise<SplitRelay> {
    const { hostname, port } = new URL(original);
    const server = createServer({ noDelay: true });
    const relay = new SplitRelay(server, { host: hostname, port: Number(port || 5432) });
    server.on("connection", (client) => relay.#accept(client));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return relay;
  }

  /** How often it has struck: 0 or 1. */
  get strikes(): number {
    return this.#strikes;
  }

  url(original: string): string {
    const url = new URL(original);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /**
   * Ends a connection right after the CommandComplete of a matching statement: only ReadyForQuery is missing.
   */
  cutAfterCommandComplete(statement: RegExp): void {
    this.#statement = statement;
  }

  /**
   * Ends a connection with the same packet that says it is ready, after letting so many other connections
   * pass.
   */
  terminateAtFirstReady(connectionsToPass: number): void {
    this.#connectionsToPass = connectionsToPass;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect({ ...this.#target, noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => [client, server].map((either) => either.destroy()));
    }
    const exchange = new Exchange();
    client.on("data", (chunk: Buffer) => {
      exchange.read(chunk, this.#statement);
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      const last = this.#lastWords(exchange, chunk);
      if (last === null) client.write(chunk);
      else {
        client.end(last);
        server.destroy();
      }
    });
  }

  /** What the client still receives when its connection is to end with this chunk. */
  #lastWords(exchange: Exchange, chunk: Buffer): Buffer | null {
    const { completed, ready } = exchange.answer(chunk);
    if (this.#strikes > 0) return null;
    if (ready !== null && this.#connectionsToPass-- === 0) {
      this.#strikes += 1;
      return Buffer.concat([chunk.subarray(0, ready), terminated]);
    }
    if (completed === null) return null;
    this.#strikes += 1;
    return chunk.subarray(0, completed);
  }
}

/** What one client and its server have sent each other so far. */
class Exchange {
  readonly #requests = new MessageReader("P");
  readonly #replies = new MessageReader("");
  #hasBegun = false;
  #isReady = false;
  #isMatched = false;

  read(chunk: Buffer, statement: RegExp | null): void {
    // The startup packet arrives alone and has no type.
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      return;
    }
    for (const { type, bytes } of this.#requests.read(chunk)) {
      this.#isMatched ||= statement?.test(sqlOf(type, bytes) ?? "") === true;
    }
  }

  /**
   * The offsets in the chunk where the statement's CommandComplete ends and where the first ReadyForQuery
   * ends.
   */
  answer(chunk: Buffer): { readonly completed: number | null; readonly ready: number | null } {
    let at = 0;
    let completed: number | null = null;
    let ready: number | null = null;
    for (const { type, bytes, complete } of this.#replies.read(chunk)) {
      at += bytes.length;
      if (complete && type === "C" && this.#isMatched) completed ??= at;
      if (!complete || type !== "Z" || this.#isReady) continue;
      this.#isReady = true;
      ready = at;
    }
    return { completed, ready };
  }
}

function message(type: string, body: string): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeUInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([header, Buffer.from(body)]);
}
