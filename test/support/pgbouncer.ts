import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import pg from "pg";
import { serverAccount } from "../../src/embedded/account.ts";
import { until } from "./until.ts";

/**
 * The path of `pgbouncer`: in the folder TIDEFILL_PGBOUNCER, else on PATH or in /usr/sbin; undefined if there
 * is none.
 */
export function findPgbouncer(): string | undefined {
  const named = process.env.TIDEFILL_PGBOUNCER;
  const folders = named === undefined ? [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"] : [named];
  return folders.map((folder) => join(folder, "pgbouncer")).find((program) => existsSync(program));
}

/** A pooler in transaction mode before a server: each transaction may use another of a few connections. */
export class Pgbouncer {
  readonly #program: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #server: URL;
  #process: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number, server: URL) {
    this.#program = program;
    this.#folder = folder;
    this.#port = port;
    this.#server = server;
  }

  /** `more` are lines of settings that override the ones here. */
  static async before(serverUrl: string, poolSize: number, more: readonly string[] = []): Promise<Pgbouncer> {
    const program = findPgbouncer();
    if (program === undefined)
      throw new Error("There is no pgbouncer; name its folder in TIDEFILL_PGBOUNCER.");
    const folder = await mkdtemp(join(tmpdir(), "tidefill-pgbouncer-"));
    await chmod(folder, 0o755);
    const server = new URL(serverUrl);
    const port = await freePort();
    const { username, password, hostname } = server;
    const settings = [
      "[databases]",
      `* = host=${hostname} port=${server.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "pool_mode = transaction",
      // Roles that tests make log in as themselves: their secrets come from the server.
      "auth_type = scram-sha-256",
      `auth_file = ${join(folder, "userlist.txt")}`,
      `auth_user = ${username}`,
      "auth_query = select rolname, rolpassword from pg_catalog.pg_authid where rolname = $1",
      `default_pool_size = ${poolSize}`,
      "max_client_conn = 500",
      ...more,
    ];
    await writeFile(join(folder, "userlist.txt"), `"${username}" "${decodeURIComponent(password)}"\n`);
    await writeFile(join(folder, "pgbouncer.ini"), `${settings.join("\n")}\n`);
    const pooler = new Pgbouncer(program, folder, port, server);
    await pooler.start();
    return pooler;
  }

  /** The same database through the pooler. */
  get url(): string {
    const url = new URL(this.#server);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  async start(): Promise<void> {
    // It refuses to run as root.
    const account = await serverAccount();
    this.#process = spawn(this.#program, ["-q", join(this.#folder, "pgbouncer.ini")], {
      stdio: "ignore",
      env: { ...process.env, LD_LIBRARY_PATH: await librariesBeside(this.#program) },
      ...(account === undefined ? {} : account),
    });
    await until(async () => answers(this.url), { describe: "a pooler that answers" });
  }

  /** Ends the pooler at once and cuts all its connections. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** An unpacked (not installed) package has its libraries in `../lib/<architecture>`. */
async function librariesBeside(program: string): Promise<string> {
  const lib = join(dirname(program), "..", "lib");
  const folders = await readdir(lib).catch(() => []);
  return folders.map((folder) => join(lib, folder)).join(delimiter);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("A TCP server has no port.");
  return address.port;
}
