import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ArmedFault } from "./fault-proxy-fault.ts";
import {
  encryptionRequests,
  MessageReader,
  type Piece,
  StartupReader,
  sqlOf,
} from "./fault-proxy-messages.ts";
import { Replies } from "./fault-proxy-replies.ts";

/** The server behind the proxy. */
export type Target = { readonly host: string; readonly port: number };

/** How long a client waits for its reset after its message was swallowed, in ms. */
const swallowedFor = 30;

/**
 * One client and its connection to the server. Each of two loops, one for each direction, reads a chunk only
 * after the other side has accepted the last one; this is the only backpressure.
 */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #strike: (sql: string) => ArmedFault | undefined;
  readonly #ended = new AbortController();
  readonly #startup = new StartupReader();
  readonly #frontend = new MessageReader("QPE");
  readonly #replies = new Replies();
  #started = false;
  /** The last parsed statement, until it is executed. */
  #parsed: string | undefined;
  /** Strikes once its message, and the Sync or Flush that follows it, have been forwarded. */
  #forwarding: ArmedFault | undefined;
  /** Whether nothing from the server, not even its end, reaches the client any longer. */
  #silent = false;

  constructor(client: Socket, target: Target, strike: (sql: string) => ArmedFault | undefined) {
    this.#client = client;
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#strike = strike;
    // The loops see errors as the end of their stream; without a listener a later error would be thrown.
    for (const socket of [this.#client, this.#server]) socket.on("error", () => {});
  }

  /** Lasts until both sides are closed. */
  async run(): Promise<void> {
    const closed = [this.#client, this.#server].map(
      (socket) => new Promise((done) => socket.once("close", done)),
    );
    try {
      await Promise.all([this.#pumpFrontend(), this.#pumpBackend(), ...closed]);
    } finally {
      this.reset();
    }
  }

  /** Resets both sides (RST); held or withheld data are lost. */
  reset(): void {
    this.#ended.abort();
    reset(this.#client);
    reset(this.#server);
  }

  async #pumpFrontend(): Promise<void> {
    await undisturbed(async () => {
      for await (const chunk of this.#client)
        await this.#forward(this.#started ? chunk : await this.#start(chunk));
    });
    // Not a reset, even after one: what was forwarded before must arrive.
    this.#server.destroySoon();
  }

  async #pumpBackend(): Promise<void> {
    const orderly = await undisturbed(async () => {
      for await (const chunk of this.#server) {
        if (this.#silent) await this.#end();
        const { passing, executed } = this.#replies.read(chunk);
        await write(this.#client, chunk.subarray(0, passing));
        if (executed) break;
      }
    });
    if (this.#silent) return;
    this.#forwarding?.settle();
    if (this.#replies.withholding) this.reset();
    else if (orderly) this.#client.destroySoon();
    else reset(this.#client);
  }

  /** Handles the packets before the first typed message, and returns what came after them. */
  async #start(chunk: Buffer): Promise<Buffer> {
    this.#startup.push(chunk);
    for (let packet = this.#startup.next(); packet; packet = this.#startup.next()) {
      if (encryptionRequests.includes(packet.readUInt32BE(4))) {
        await write(this.#client, Buffer.from("N"));
        continue;
      }
      this.#started = true;
      await write(this.#server, packet);
      return this.#startup.rest();
    }
    return Buffer.alloc(0);
  }

  async #forward(chunk: Buffer): Promise<void> {
    const ready: Buffer[] = [];
    for (const piece of this.#frontend.read(chunk)) {
      const fault = this.#forwarding ? undefined : this.#match(piece);
      if (fault) {
        await write(this.#server, Buffer.concat(ready.splice(0)));
        await this.#strikeBefore(fault);
      }
      ready.push(piece.bytes);
      if (!piece.complete) continue;
      this.#replies.forwarded(piece.type);
      if (this.#forwarding && "QSH".includes(piece.type)) {
        this.#replies.awaitReplyTo(piece.type);
        await write(this.#server, Buffer.concat(ready));
        await this.#strikeAfter(this.#forwarding);
      }
    }
    await write(this.#server, Buffer.concat(ready));
  }

  #match({ type, bytes }: Piece): ArmedFault | undefined {
    const parsed = this.#parsed;
    if (type === "P" || type === "E") this.#parsed = sqlOf(type, bytes);
    const sql = type === "E" ? parsed : type === "Q" ? sqlOf(type, bytes) : undefined;
    return sql === undefined ? undefined : this.#strike(sql);
  }

  /** Returns when the message may go on; for a lost message it throws at the end of the connection. */
  async #strikeBefore(fault: ArmedFault): Promise<void> {
    switch (fault.action) {
      case "swallow-reply":
        this.#replies.withhold();
        this.#forwarding = fault;
        return;
      case "reset-after":
        this.#forwarding = fault;
        return;
      case "reset-before":
        this.reset();
        fault.settle();
        return await this.#end();
      case "blackhole":
        this.#silent = true;
        fault.settle();
        return await this.#end();
      case "swallow":
        this.#silent = true;
        this.#server.destroySoon();
        fault.settle();
        await this.#wait(swallowedFor);
        this.reset();
        return await this.#end();
      default:
        fault.settle();
        await this.#wait(fault.action.hold);
    }
  }

  async #strikeAfter(fault: ArmedFault): Promise<never> {
    if (fault.action === "reset-after") {
      this.reset();
      fault.settle();
    }
    return await this.#end();
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#ended.signal });
  }

  /** Waits for the end of this connection and then throws, so that the calling loop ends too. */
  async #end(): Promise<never> {
    if (!this.#ended.signal.aborted) await once(this.#ended.signal, "abort");
    throw this.#ended.signal.reason;
  }
}

/**
 * Settles when the system has taken the bytes, or the socket is gone; the reader of the socket notices that.
 */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return Promise.resolve();
  return new Promise((done) => {
    socket.write(bytes, () => done());
  });
}

function reset(socket: Socket): void {
  // Node would wait for connecting to end, which may never happen; and a socket that is reset while it shuts
  // down never closes (libuv answers EINVAL).
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else if (!socket.destroyed) socket.resetAndDestroy();
}

/** Whether the work ended without meeting a closed, reset or aborted socket; other errors are thrown. */
async function undisturbed(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
