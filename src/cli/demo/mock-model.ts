import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { UsageError } from "../../errors.ts";

interface MockModelOptions {
  /** 0 for any free one */
  readonly port: number;
  /** how long it thinks about an essay */
  readonly thinkMs?: number;
  /** every call of this number is told to wait */
  readonly busyEvery?: number;
}

/** How long a call that is told to wait has to wait. */
const retryAfterSeconds = 2;

/** Stands in for a model that grades essays: it is slow, and now and then it wants no calls for a while. */
export class MockModel {
  readonly thinkMs: number;
  readonly busyEvery: number;
  calls = 0;
  toldToWait = 0;
  /** calls whose `Idempotency-Key` had its answer before: a real model would have been paid twice without it */
  repeated = 0;
  readonly #answered = new Set<string>();
  readonly #server: Server;

  private constructor({ thinkMs = 200, busyEvery = 200 }: MockModelOptions) {
    this.thinkMs = thinkMs;
    this.busyEvery = busyEvery;
    this.#server = createServer((request, response) => {
      // A client that is killed while it sends its essay is no failure of the model.
      this.#grade(request, response).catch(() => response.destroy());
    });
  }

  /** @throws UsageError when the port is taken */
  static async open(options: MockModelOptions): Promise<MockModel> {
    const model = new MockModel(options);
    model.#server.listen(options.port, "127.0.0.1");
    await once(model.#server, "listening").catch((cause: unknown) => {
      throw new UsageError(`Port ${options.port} for the mock model cannot be used.`, {
        remedy: "Name another port: tidefill demo --model 4020",
        cause,
      });
    });
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #grade(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const essay = await text(request);
    this.calls += 1;
    if (this.calls % this.busyEvery === 0) {
      this.toldToWait += 1;
      response.writeHead(429, { "Retry-After": String(retryAfterSeconds) }).end();
      return;
    }
    const key = String(request.headers["idempotency-key"]);
    if (this.#answered.has(key)) this.repeated += 1;
    this.#answered.add(key);
    await delay(this.thinkMs);
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(feedbackOn(essay));
  }
}

/** What the mock model says about an essay: the same each time, so that a stale answer can be told. */
export function feedbackOn(essay: string): string {
  const words = essay.split(/\s+/).filter(Boolean).length;
  const sentences = essay.split(/[.!?](?:\s|$)/).filter((each) => each.trim() !== "").length;
  if (words === 0) return "There is nothing to grade.";
  return `Grade ${words > 90 ? "A" : words > 45 ? "B" : "C"}: ${words} words in ${sentences} sentences.`;
}
