import type { TestProject } from "vitest/node";
import { Cluster } from "../../src/embedded/cluster.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The superuser's address of the server that all test databases live on. */
    readonly adminUrl: string;
  }
}

/** Losing the tests' data in a crash of the machine is fine; losing a commit while the server lives is not. */
const settings = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "200",
  max_prepared_transactions: "10",
  wal_level: "logical",
  autovacuum: "on",
};

/** One server for all test files, or the one named by `TIDEFILL_TEST_DATABASE_URL`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TIDEFILL_TEST_DATABASE_URL;
  if (given !== undefined) {
    project.provide("adminUrl", given);
    return async () => {};
  }
  const cluster = await Cluster.open({ settings });
  project.provide("adminUrl", cluster.url());
  return () => cluster.stop("immediate");
}
