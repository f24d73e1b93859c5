import { Cluster, type ClusterOptions } from "../../src/embedded/cluster.ts";
import { knock } from "../../src/embedded/local-url.ts";

/**
 * A program that opens a cluster and prints where. At SIGINT it prints whether the server still answers, and
 * ends.
 */
const given = JSON.parse(process.argv[2] ?? "{}") as {
  readonly cluster: ClusterOptions;
  readonly stays: boolean;
};
const cluster = await Cluster.open(given.cluster);
process.on("SIGINT", async () => {
  const refusal = await knock(cluster.url());
  console.log(JSON.stringify({ answeredAfterInterrupt: refusal === undefined }));
  process.exit(0);
});
const { directory, port, owned } = cluster;
console.log(JSON.stringify({ directory, port, owned, url: cluster.url(), uid: process.getuid?.() }));
if (given.stays) setInterval(() => {}, 60_000);
