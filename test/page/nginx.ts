import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { until } from "../support/until.ts";

/** The path of nginx: TIDEFILL_NGINX, else on PATH or where Debian has it; undefined where there is none. */
export function findNginx(): string | undefined {
  const { TIDEFILL_NGINX: named, PATH = "" } = process.env;
  if (named) return named;
  return [...PATH.split(delimiter), "/usr/sbin"]
    .map((folder) => join(folder, "nginx"))
    .find((file) => existsSync(file));
}

/** An nginx before a server on this machine. */
export class Nginx {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#process = child;
    this.#folder = folder;
  }

  /** A free port, and a function that starts nginx there: the page must know its public address before. */
  static async reserve(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    return port;
  }

  static async start(port: number, to: number, directives: readonly string[]): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), "tidefill-nginx-"));
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join("\n  ");
    await writeFile(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${paths}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${to};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-User alice;
      ${directives.join("\n      ")}
    }
  }
}
`,
    );
    const child = spawn(
      findNginx() ?? "nginx",
      ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")],
      {
        stdio: "ignore",
      },
    );
    await until(
      async () => (await fetch(`http://127.0.0.1:${port}/assets/icon.svg`).catch(() => null)) !== null,
      {
        describe: "nginx answers",
      },
    );
    return new Nginx(port, child, folder);
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
    await rm(this.#folder, { recursive: true, force: true });
  }
}
