/** A part of one wire message: the whole message for types in `whole`, otherwise as much as has arrived. */
export type Piece = { readonly type: string; readonly bytes: Buffer; readonly complete: boolean };

const headerLength = 5;

/**
 * Cuts a stream of typed PostgreSQL messages (type byte, int32 length, body) into pieces, independent of how
 * TCP has split it. Only messages of types in `whole` are gathered first. All other pieces tile the chunk, so
 * a stream of any size passes without being copied or kept.
 */
export class MessageReader {
  readonly #whole: string;
  readonly #header = Buffer.alloc(headerLength);
  #headerSeen = 0;
  #bodyLeft = 0;
  #gathered: Buffer[] = [];

  constructor(whole: string) {
    this.#whole = whole;
  }

  *read(chunk: Buffer): Generator<Piece> {
    for (let at = 0; at < chunk.length; ) {
      const end = this.#advance(chunk, at);
      const complete = this.#headerSeen === headerLength && this.#bodyLeft === 0;
      const type = String.fromCharCode(this.#header.readUInt8(0));
      const piece = this.#gather(type, chunk.subarray(at, end), complete);
      if (complete) this.#headerSeen = 0;
      at = end;
      if (piece) yield { type, bytes: piece, complete };
    }
  }

  /** Where the current message's part of this chunk ends. */
  #advance(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#headerSeen < headerLength) {
      const taken = chunk.copy(this.#header, this.#headerSeen, at);
      this.#headerSeen += taken;
      at += taken;
      if (this.#headerSeen < headerLength) return at;
      // The length includes itself but not the type byte; a value below 4 is a peer's fault, which the server
      // refuses.
      this.#bodyLeft = Math.max(0, this.#header.readUInt32BE(1) - 4);
    }
    const body = Math.min(this.#bodyLeft, chunk.length - at);
    this.#bodyLeft -= body;
    return at + body;
  }

  #gather(type: string, bytes: Buffer, complete: boolean): Buffer | undefined {
    if (!this.#whole.includes(type)) return bytes;
    this.#gathered.push(bytes);
    if (!complete) return undefined;
    const whole = this.#gathered.length === 1 ? bytes : Buffer.concat(this.#gathered);
    this.#gathered = [];
    return whole;
  }
}

/** What a startup packet asks for. Every other code is a session or a CancelRequest, to be forwarded. */
export const encryptionRequests: readonly number[] = [80877103, 80877104];

/** Reads the untyped packets (int32 length, int32 code, body) with which a connection begins. */
export class StartupReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }

  /** The next complete packet, if it has arrived. */
  next(): Buffer | undefined {
    if (this.#bytes.length < 8) return undefined;
    const length = this.#bytes.readUInt32BE(0);
    if (this.#bytes.length < length) return undefined;
    const packet = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return packet;
  }

  /** What came after the packets that were taken. */
  rest(): Buffer {
    return this.#bytes;
  }
}

/** The SQL text of a complete Query or Parse message; undefined for any other. */
export function sqlOf(type: string, message: Buffer): string | undefined {
  if (type === "Q") return message.toString("utf8", headerLength, message.length - 1);
  if (type !== "P") return undefined;
  const start = message.indexOf(0, headerLength) + 1;
  return message.toString("utf8", start, message.indexOf(0, start));
}
