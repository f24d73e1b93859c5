import { chmod, mkdir, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TidefillError } from "../errors.ts";
import { type Account, barrierTo, serverAccount } from "./account.ts";
import { DataDirectory } from "./data-directory.ts";
import { findRunning } from "./find-running.ts";
import { type Launched, launch } from "./launch.ts";
import { localUrl } from "./local-url.ts";
import { killOrphan, type StopMode } from "./server.ts";

export interface ClusterOptions {
  /** Where the data stay; absent, a temporary directory, which is removed when the cluster stops. */
  readonly directory?: string;
  /** Server settings, as of `postgres -c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * A directory with PostgreSQL's bin, lib and share; absent, `TIDEFILL_POSTGRES_BINARIES` or the package.
   */
  readonly binaries?: string;
}

const patience = 60_000;

/**
 * A PostgreSQL of our own. It never outlives the process that started it, and does not keep that process
 * alive. The same directory opened by a second process is the same server, which still ends with the first.
 */
export class Cluster {
  readonly directory: string;
  readonly port: number;
  /** Whether this process started the server and thus ends it. */
  readonly owned: boolean;
  readonly #password: string;
  readonly #launched: Launched | undefined;

  private constructor(at: DataDirectory, found: { port: number; password: string }, launched?: Launched) {
    this.directory = at.root;
    this.port = found.port;
    this.owned = launched !== undefined;
    this.#password = found.password;
    this.#launched = launched;
  }

  /** Starts the server of a directory, which is created if missing, or joins the server that runs there. */
  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const temporary = options.directory === undefined;
    const root = options.directory === undefined ? await temporaryDirectory() : resolve(options.directory);
    await mkdir(root, { recursive: true });
    const files = new DataDirectory(root);
    for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(50)) {
      const running = await findRunning(files);
      if (running !== undefined) return new Cluster(files, running);
      const launched = await launch(files, { ...options, temporary });
      if (launched !== undefined) return new Cluster(files, launched.server, launched);
    }
    throw new TidefillError("embedded-start", `${files.data} is in use by a process that does not answer.`, {
      remedy: `End the process named in ${join(files.data, "postmaster.pid")}; if it is not PostgreSQL, remove that file.`,
    });
  }

  /** The address of one of its databases, with the password in it. */
  url(database = "postgres"): string {
    return localUrl(this.port, this.#password, database);
  }

  /** Ends the server, and removes a temporary directory. Does nothing when another process owns it. */
  async stop(mode: StopMode = "fast"): Promise<void> {
    if (this.#launched === undefined) return;
    const { server, guard } = this.#launched;
    guard.ref();
    await server.stop(mode);
    if (await guard.release()) return;
    await killOrphan(join(this.directory, "data"));
    await guard.removeInItsPlace();
  }

  /** Ends the server and starts it again on the same port; connections are lost, as in a failover. */
  async restart(mode: StopMode = "fast"): Promise<void> {
    if (this.#launched === undefined) {
      throw new TidefillError(
        "embedded-not-owned",
        `The server in ${this.directory} was started by another process.`,
        {
          remedy: "Restart it there.",
        },
      );
    }
    const { server, guard } = this.#launched;
    guard.ref();
    try {
      await server.stop(mode);
      const ended = await server.start();
      if (ended !== undefined) throw await server.failure(ended);
    } finally {
      guard.unref();
    }
  }
}

/** For root, a directory that the server's account can enter: TMPDIR may be below a private home. */
async function temporaryDirectory(): Promise<string> {
  const account = await serverAccount();
  const parent = (await reachable([tmpdir(), "/tmp", "/var/tmp"], account)) ?? tmpdir();
  const directory = await mkdtemp(join(await realpath(parent), "tidefill-postgres-"));
  if (account !== undefined) await chmod(directory, 0o711);
  return directory;
}

async function reachable(
  candidates: readonly string[],
  account: Account | undefined,
): Promise<string | undefined> {
  for (const candidate of candidates) {
    const barrier = await barrierTo(candidate, account).catch(() => candidate);
    if (barrier === undefined) return candidate;
  }
  return undefined;
}
