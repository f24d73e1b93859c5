import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FaultProxy } from "../support/fault-proxy.ts";
import { MessageReader, type Piece, StartupReader, sqlOf } from "../support/fault-proxy-messages.ts";
import { until } from "../support/until.ts";
import { message } from "./fault-proxy-fixture.ts";

describe("the reader of messages", () => {
  const messages = [
    message("Q", "commit\0"),
    message("B", Buffer.alloc(300, 1)),
    message("S", ""),
    message("P", "s\0begin\0\0\0"),
  ];
  const stream = Buffer.concat(messages);

  test.each([1, 2, 3, 4, 5, 6, 7, 64, stream.length])(
    "reassembles messages from segments of %i bytes",
    (size) => {
      const reader = new MessageReader("QP");
      const pieces: Piece[] = [];
      for (let at = 0; at < stream.length; at += size)
        pieces.push(...reader.read(stream.subarray(at, at + size)));
      expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(stream)).toBe(true);
      const complete = pieces.filter((piece) => piece.complete);
      expect(complete.map((piece) => piece.type).join("")).toBe("QBSP");
      expect(complete.map((piece) => sqlOf(piece.type, piece.bytes))).toEqual([
        "commit",
        undefined,
        undefined,
        "begin",
      ]);
    },
  );

  test("returns messages that need no gathering at once", () => {
    const reader = new MessageReader("Q");
    const half = [...reader.read(stream.subarray(messages[0]!.length, messages[0]!.length + 100))];
    expect(half.map((piece) => [piece.type, piece.bytes.length, piece.complete])).toEqual([
      ["B", 100, false],
    ]);
  });
});

test("the reader of startup packets accepts them byte by byte, and leaves what follows", () => {
  const packets = [Buffer.from("0000000804d2162f", "hex"), Buffer.from("0000000a000300000000", "hex")];
  const reader = new StartupReader();
  const taken: Buffer[] = [];
  for (const byte of Buffer.concat(packets)) {
    reader.push(Buffer.of(byte));
    const packet = reader.next();
    if (packet) taken.push(packet);
  }
  expect(taken).toEqual(packets);
  reader.push(Buffer.from("Q"));
  expect(reader.next()).toBeUndefined();
  expect(reader.rest().toString()).toBe("Q");
});

describe("between sockets", () => {
  const startup = Buffer.from("0000000a000300000000", "hex");
  const server = createServer();
  let proxy: FaultProxy;
  let client: Socket;
  let backend: Socket;
  let received: Buffer;

  beforeEach(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await FaultProxy.start({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    client = connect({ port: proxy.port, host: "127.0.0.1", noDelay: true });
    client.on("error", () => {});
    [backend] = await once(server, "connection");
    received = Buffer.alloc(0);
    backend.on("error", () => {});
    backend.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
  });

  afterEach(async () => {
    await proxy.stop();
    server.close();
  });

  const sent = Buffer.concat([
    startup,
    message("Q", "select 1\0"),
    message("P", "\0commit\0\0\0"),
    message("E", "\0"),
  ]);

  test("data that arrive in one segment are forwarded unchanged", async () => {
    client.write(sent);
    await until(async () => received.length >= sent.length, { describe: "all bytes" });
    expect(received.equals(sent)).toBe(true);
  });

  test("data that arrive byte by byte are forwarded unchanged, and matched", async () => {
    const fault = proxy.arm({ match: /^(select 1|commit)$/, after: 3, action: "swallow" });
    for (const byte of sent) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(async () => received.length >= sent.length, { describe: "all bytes" });
    expect(received.equals(sent)).toBe(true);
    expect(fault.hits).toBe(2);
  });

  test("a swallowed message closes the server's side before the client's, and no byte of it is forwarded", async () => {
    const closed: string[] = [];
    client.once("close", () => closed.push("client"));
    backend.once("end", () => closed.push("server"));
    proxy.arm({ match: /commit/, action: "swallow" });
    client.write(sent);
    await until(async () => closed.length === 2, { describe: "both ends" });
    expect(closed).toEqual(["server", "client"]);
    expect(received.equals(sent.subarray(0, sent.length - message("E", "\0").length))).toBe(true);
  });

  test("a black hole hides the end of the server", async () => {
    let closed = false;
    client.once("close", () => {
      closed = true;
    });
    client.resume();
    const fault = proxy.arm({ match: /select 1/, action: "blackhole" });
    client.write(sent);
    await fault.fired;
    backend.end();
    await delay(100);
    expect(closed).toBe(false);
    expect(received.equals(startup)).toBe(true);
    proxy.resetAll();
    await until(async () => closed, { describe: "the reset" });
  });
});
