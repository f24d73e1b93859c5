import { MessageReader } from "./fault-proxy-messages.ts";

/**
 * Follows the server's replies on one connection. The server owes one ReadyForQuery for the startup packet and
 * one for each Query, Sync and FunctionCall: so the reply to a message is found even behind pipelined ones.
 */
export class Replies {
  readonly #reader = new MessageReader("");
  /** The first is the startup packet's. */
  #owed = 1;
  #received = 0;
  #withheldAfter = Number.POSITIVE_INFINITY;
  #awaited = "";

  /** To be called for each typed message forwarded to the server. */
  forwarded(type: string): void {
    if ("QSF".includes(type)) this.#owed += 1;
  }

  /** Withholds all that is not a reply to messages forwarded so far. */
  withhold(): void {
    this.#withheldAfter = this.#owed;
  }

  get withholding(): boolean {
    return this.#withheldAfter !== Number.POSITIVE_INFINITY;
  }

  /** Names the message that asks for the withheld reply: Query, Sync or Flush. */
  awaitReplyTo(type: string): void {
    // After a Flush no ReadyForQuery comes; CopyInResponse waits for data that the client will not send.
    this.#awaited = type === "H" ? "ZGCsIE" : "ZG";
  }

  /** Takes a chunk from the server: how many bytes of it the client may see, whether the withheld reply is complete. */
  read(chunk: Buffer): { readonly passing: number; readonly executed: boolean } {
    let passing = 0;
    let executed = false;
    for (const { type, bytes, complete } of this.#reader.read(chunk)) {
      const withheld = this.#received >= this.#withheldAfter;
      if (!withheld) passing += bytes.length;
      if (complete && type === "Z") this.#received += 1;
      if (complete && withheld) executed ||= this.#awaited.includes(type);
    }
    return { passing, executed };
  }
}
