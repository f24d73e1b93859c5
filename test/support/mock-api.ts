import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** One request, as the other system saw it. */
export interface SeenCall {
  readonly key: string;
  readonly body: string;
  readonly at: number;
}

/** What the other system does with a request: answers, or does not. */
export interface MockReply {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** how long it thinks, in milliseconds; `Infinity` hangs, with the socket open */
  readonly afterMs?: number;
  /** breaks the socket before it answers, or sends headers and half of a body and then nothing, forever */
  readonly socket?: "reset" | "half";
}

/** Another system, in the test's own process, so that it outlives every run that is killed. */
export class MockApi {
  readonly calls: SeenCall[] = [];
  underWay = 0;
  mostUnderWay = 0;
  reply: (body: string, call: SeenCall) => MockReply | Promise<MockReply>;
  readonly #server: Server;

  private constructor(reply: MockApi["reply"]) {
    this.reply = reply;
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const call = { key: String(request.headers["idempotency-key"]), body, at: performance.now() };
      this.calls.push(call);
      this.underWay += 1;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      response.on("close", () => {
        this.underWay -= 1;
      });
      const given = await this.reply(body, call);
      const { status = 200, body: answer = body, headers = {}, afterMs = 0, socket } = given;
      if (!Number.isFinite(afterMs)) return;
      await delay(afterMs);
      if (socket === "reset") request.socket.resetAndDestroy();
      if (socket === "half") response.writeHead(status, headers).write(answer.slice(0, 2));
      if (socket !== undefined) return;
      response.writeHead(status, headers).end(answer);
    });
  }

  static async open(reply: MockApi["reply"] = () => ({})): Promise<MockApi> {
    const api = new MockApi(reply);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many calls were made twice: about the same row with the same input. */
  get doubled(): number {
    return this.calls.length - new Set(this.calls.map(({ key, body }) => `${key} ${body}`)).size;
  }

  forget(): void {
    this.calls.length = 0;
    this.mostUnderWay = 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
