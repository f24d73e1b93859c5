import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { metricNames } from "../../src/observe/metric-names.ts";

// One state a scrape. The last stretch of running is longer than the window of a rate in the tests.
const script = [
  ...["pending", "running", "running", "paused", "interrupted", "cancelled", "failed"],
  ...Array<string>(8).fill("running"),
  ...["succeeded"],
];

type Metric = (typeof metricNames)[number];

/** Serves every metric of the list with values that move from scrape to scrape, as a run would. */
export class FakeExporter {
  readonly #server: Server;
  #scrapes = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeExporter> {
    const server = createServer();
    const exporter = new FakeExporter(server);
    server.on("request", (_request, response) => {
      response.setHeader("content-type", "text/plain; version=0.0.4").end(exporter.#page());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return exporter;
  }

  /** host:port, for a scrape configuration. */
  get target(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The exporter is not listening.");
    return `127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #page(): string {
    const scrape = this.#scrapes++;
    const lines = metricNames.flatMap((metric) => [
      `# HELP ${metric.name} ${metric.help}`,
      `# TYPE ${metric.name} ${metric.type}`,
      ...labelSets(metric).flatMap((labels) => samples(metric, labels, scrape)),
    ]);
    return `${lines.join("\n")}\n`;
  }
}

function labelSets(metric: Metric): readonly string[] {
  const fixed: Readonly<Record<string, readonly string[]>> = "values" in metric ? metric.values : {};
  let sets: readonly string[] = [""];
  for (const label of metric.labels) {
    const values = fixed[label] ?? [`some-${label}`];
    sets = sets.flatMap((set) => values.map((value) => `${set}${set && ","}${label}="${value}"`));
  }
  return sets;
}

function samples(metric: Metric, labels: string, scrape: number): readonly string[] {
  if (metric.type === "histogram") return histogram(metric, labels, scrape);
  if (metric.name === "tidefill_run_state") {
    const state = script[Math.min(scrape, script.length - 1)];
    return [`${metric.name}{${labels}} ${labels.includes(`state="${state}"`) ? 1 : 0}`];
  }
  return [`${metric.name}{${labels}} ${metric.type === "counter" ? scrape * 100 : 1 + (scrape % 7)}`];
}

function histogram(
  metric: Metric & { type: "histogram" },
  labels: string,
  scrape: number,
): readonly string[] {
  const buckets = metric.buckets.map(
    (le, index) => `${metric.name}_bucket{${labels},le="${le}"} ${scrape * (index + 1)}`,
  );
  const count = scrape * (metric.buckets.length + 1);
  return [
    ...buckets,
    `${metric.name}_bucket{${labels},le="+Inf"} ${count}`,
    `${metric.name}_sum{${labels}} ${count * 0.2}`,
    `${metric.name}_count{${labels}} ${count}`,
  ];
}
