import { execFile } from "node:child_process";
import { appendFile, chmod, cp, mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { inject } from "vitest";
import { Cluster } from "../../src/embedded/cluster.ts";

const run = promisify(execFile);
/** What a base backup leaves out: WAL, slots, and the files of the running server. */
const left = /^(pg_wal\/.+|pg_replslot\/.+|postmaster\.(pid|opts))$/;

/** A standby that streams from a cluster of the test's own; the test can pause and resume its replay. */
export class Replica {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #directory: string;

  private constructor(name: string, cluster: Cluster, directory: string) {
    this.name = name;
    this.#cluster = cluster;
    this.#directory = directory;
  }

  /** Copies a running primary like `pg_basebackup`, without that program. */
  static async of(
    primary: Cluster,
    name: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Replica> {
    const directory = await mkdtemp(join(await realpath(tmpdir()), "tidefill-replica-"));
    await chmod(directory, 0o711);
    const [from, to] = [join(primary.directory, "data"), join(directory, "data")];
    const client = new pg.Client({ connectionString: primary.url() });
    await client.connect();
    try {
      const [start, stop] =
        inject("postgresVersion") < 15
          ? ["pg_start_backup('replica', true, false)", "pg_stop_backup(false)"]
          : ["pg_backup_start('replica', true)", "pg_backup_stop(false)"];
      await client.query(`select ${start}`);
      await cp(from, to, { recursive: true, filter: (path) => !left.test(relative(from, path)) });
      const { rows } = await client.query(`select labelfile from ${stop}`);
      await writeFile(join(to, "backup_label"), rows[0].labelfile);
    } finally {
      await client.end();
    }
    const { password, port } = new URL(primary.url());
    const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=${name}`;
    await appendFile(join(to, "postgresql.auto.conf"), `\nprimary_conninfo = '${conninfo}'\n`);
    await writeFile(join(to, "standby.signal"), "");
    await chmod(to, 0o700);
    const { uid, gid } = await stat(from);
    await run("chown", ["-R", `${uid}:${gid}`, to]);
    const cluster = await Cluster.open({ directory, settings: { hot_standby_feedback: "off", ...settings } });
    return new Replica(name, cluster, directory);
  }

  get url(): string {
    return this.#cluster.url();
  }

  pauseReplay(): Promise<void> {
    return this.#ask("select pg_wal_replay_pause()");
  }

  resumeReplay(): Promise<void> {
    return this.#ask("select pg_wal_replay_resume()");
  }

  /** From now on it replays that long after the primary's commit: `5s`, `0`. */
  async delayReplay(by: string): Promise<void> {
    await this.#ask(`alter system set recovery_min_apply_delay = '${by}'`);
    await this.#ask("select pg_reload_conf()");
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.#cluster.stop("immediate");
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #ask(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  }
}
