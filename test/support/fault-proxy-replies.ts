import { MessageReader } from "./fault-proxy-messages.ts";

/**
 * Follows the server's replies on one connection. The server owes one ReadyForQuery for the startup packet
 * and one for each Query, Sync and FunctionCall. Counting them finds the reply to a message even behind
 * pipelined ones.
 */
export class Replies {
  readonly #reader = new MessageReader("");
  /** The first is for the startup packet. */
  #owed = 1;
  #received = 0;
  #withheldAfter = Number.POSITIVE_INFINITY;
  #awaited = "";

  /** The caller reports each typed message that it forwards to the server. */
  forwarded(type: string): void {
    if ("QSF".includes(type)) this.#owed += 1;
  }

  /** Withholds every reply except those to messages forwarded so far. */
  withhold(): void {
    this.#withheldAfter = this.#owed;
  }

  get withholding(): boolean {
    return this.#withheldAfter !== Number.POSITIVE_INFINITY;
  }

  /** Names the type of the message whose reply is withheld: Query, Sync or Flush. */
  awaitReplyTo(type: string): void {
    // After a Flush no ReadyForQuery comes; CopyInResponse waits for data that the client will not send.
    this.#awaited = type === "H" ? "ZGCsIE" : "ZG";
  }

  /**
   * Reads a chunk from the server: how many of its bytes may pass to the client, and whether the withheld
   * reply is complete.
   */
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
