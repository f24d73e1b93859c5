import pg from "pg";
import { createSampleSchool } from "../src/cli/demo/create-sample-school.ts";
import type { Cluster } from "../src/embedded/cluster.ts";
import { Oracle } from "./oracle.ts";

const copyTable = `create table essay_copy (
  id bigint primary key, student_id bigint not null, title text not null, content text not null,
  submitted_at timestamptz not null, word_count integer)`;

/** A sample school. Every contestant gets a copy that is the same block by block. */
export class Template {
  readonly essays: number;
  readonly oracle: Oracle;
  readonly #cluster: Cluster;
  readonly #name: string;

  private constructor(cluster: Cluster, name: string, essays: number, oracle: Oracle) {
    this.#cluster = cluster;
    this.#name = name;
    this.essays = essays;
    this.oracle = oracle;
  }

  static async create(cluster: Cluster, name: string, essays: number): Promise<Template> {
    await execute(cluster.url(), `create database ${name}`);
    const client = new pg.Client({ connectionString: cluster.url(name) });
    await client.connect();
    try {
      await createSampleSchool(client, { essays });
      await client.query(copyTable);
    } finally {
      await client.end();
    }
    return new Template(cluster, name, essays, await Oracle.of(cluster.url(name)));
  }

  /** Lends a fresh copy; the log and the caches start alike for every contestant. */
  async withCopy<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
    const copy = `${this.#name}_copy`;
    const admin = this.#cluster.url();
    await execute(admin, `create database ${copy} template ${this.#name} strategy file_copy`);
    try {
      await execute(admin, "checkpoint");
      return await use(this.#cluster.url(copy));
    } finally {
      await execute(admin, `drop database ${copy} with (force)`);
    }
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
