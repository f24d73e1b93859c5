import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import { type Reading, SignalBlindError } from "../../../src/throttle/signal.ts";
import { prometheusQuery } from "../../../src/throttle/signals/prometheus-query.ts";

let server: Server;
let address: string;
let requests: IncomingMessage[];
/** How the Prometheus of these tests answers. */
let respond: (response: ServerResponse) => void;

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    respond(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
});

const unused: Queryable = {
  query: () => Promise.reject(new Error("The database has nothing to do with it.")),
};

function read(url = `http://${address}`, query = "sum(lag)"): Promise<Reading | null> {
  return prometheusQuery({ name: "slow pages", url, query, max: 10 }).read(unused);
}

function answers(status: number, body: string): void {
  respond = (response) => response.writeHead(status).end(body);
}

function data(resultType: string, result: unknown): void {
  answers(200, JSON.stringify({ status: "success", data: { resultType, result } }));
}

function samples(...values: readonly string[]): void {
  data(
    "vector",
    values.map((value) => ({ metric: {}, value: [1_700_000_000.5, value] })),
  );
}

describe("a query to Prometheus", () => {
  test.each([
    [["4"], 0.4, "slow pages 4 of at most 10"],
    [["10"], 1, "slow pages 10 > 10"],
    [["1", "25.126", "3"], 2.5126, "slow pages 25.13 > 10"],
    [["NaN", "4"], 0.4, "slow pages 4 of at most 10"],
    [["4", "+Inf"], Number.POSITIVE_INFINITY, "slow pages Infinity > 10"],
    [["-Inf", "4"], 0.4, "slow pages 4 of at most 10"],
    [["1e-3"], 0.0001, "slow pages 0 of at most 10"],
  ])("with the samples %j is as utilized as the largest says: %d", async (values, utilization, reason) => {
    samples(...values);
    expect(await read()).toEqual({ signal: "prometheus", utilization, reason });
  });

  test.each([
    ["7", 0.7],
    ["+Inf", Number.POSITIVE_INFINITY],
  ])("may answer a single number, %s", async (value, utilization) => {
    data("scalar", [1_700_000_000, value]);
    expect(await read()).toMatchObject({ utilization });
  });

  test.each([[[]], [["NaN"]]])("without a number, %j, is blind", async (values) => {
    samples(...values);
    await expect(read()).rejects.toThrow(SignalBlindError);
    await expect(read()).rejects.toThrow('"slow pages" has no sample in Prometheus');
  });

  test.each([
    ["matrix", [{ metric: {}, values: [[1_700_000_000, "4"]] }]],
    ["string", [1_700_000_000, "4"]],
  ])("that answers a %s is blind, and says so", async (resultType, result) => {
    data(resultType, result);
    await expect(read()).rejects.toThrow(SignalBlindError);
    await expect(read()).rejects.toThrow(`the query "slow pages" returns a ${resultType}`);
  });

  test.each([
    [500, "", "HTTP 500"],
    [500, '{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1"]}}', "HTTP 500"],
    [503, "<html>down</html>", "HTTP 503"],
    [400, '{"status":"error","errorType":"bad_data","error":"parse error"}', "parse error"],
    [200, '{"status":"error","error":"query timed out"}', "query timed out"],
    [200, "no JSON", "HTTP 200"],
    [200, "null", "HTTP 200"],
  ])("answered by %i %j is blind: %s", async (status, body, why) => {
    answers(status, body);
    await expect(read()).rejects.toThrow(SignalBlindError);
    await expect(read()).rejects.toThrow(`Prometheus refused the query "slow pages": ${why}`);
  });

  test("without an answer is blind", async () => {
    server.close();
    await expect(read()).rejects.toThrow(SignalBlindError);
    await expect(read()).rejects.toThrow(`Prometheus at ${address} does not answer`);
  });

  test("without an answer in time is given up before the watch gives up the signal", async () => {
    const patience = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
    respond = () => patience.abort();
    await expect(read()).rejects.toThrow(`Prometheus at ${address} does not answer`);
    expect(requests).toHaveLength(1);
    expect(timeout.mock.lastCall?.[0]).toBeLessThan(3_000);
  });

  test("that cannot be answered holds the run", () => {
    const signal = prometheusQuery({ name: "slow pages", url: "http://localhost", query: "up", max: 1 });
    expect(signal.onError).toBe("hold");
  });

  test("goes below the path of the address, with the query unchanged", async () => {
    samples("1");
    const query = 'sum(rate(lag{job="a&b"}[5m])) + 1 > 0';
    await read(`http://${address}/monitoring/`, query);
    await read(`http://${address}`, query);
    const asked = requests.map(({ url }) => new URL(url ?? "", "http://prometheus"));
    expect(asked.map(({ pathname }) => pathname)).toEqual(["/monitoring/api/v1/query", "/api/v1/query"]);
    expect(asked.map(({ searchParams }) => searchParams.get("query"))).toEqual([query, query]);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test("sends the user name and password of the address, and shows neither", async () => {
    samples("1");
    await read(`http://me:p%40ss@${address}`);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
    server.closeAllConnections();
    server.close();
    await expect(read(`http://me:p%40ss@${address}`)).rejects.toThrow(
      new SignalBlindError(`Prometheus at ${address} does not answer`),
    );
  });
});
