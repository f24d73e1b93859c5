import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Outcome, runCommand } from "../support/command-host.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));

/** A user's folder in which this package is installed. */
export class Project {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#environment = environment;
  }

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), "tidefill-project-"));
    // A PostgreSQL in this folder may have to run as another user.
    await chmod(folder, 0o755);
    await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
    await mkdir(join(folder, "node_modules/@types"));
    await symlink(root, join(folder, "node_modules/tidefill"));
    await symlink(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
    await symlink("../tidefill/bin/tidefill.js", join(folder, "node_modules/.bin/tidefill"));
    return new Project(folder, environment);
  }

  /** Types a command line of the package's. */
  async type(...parameters: readonly string[]): Promise<Outcome> {
    // A server of tidefill's own ends with the process that started it.
    if (parameters.includes("--embedded")) return this.execute("node_modules/.bin/tidefill", ...parameters);
    return runCommand({ parameters, cwd: this.folder, env: this.#variables });
  }

  get #variables(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DATABASE_URL: "postgres://nowhere.invalid/",
      NO_COLOR: "1",
      ...this.#environment,
    };
  }

  async execute(program: string, ...parameters: readonly string[]): Promise<Outcome> {
    const options = {
      cwd: this.folder,
      env: this.#variables,
    };
    return run(program, [...parameters], options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(join(this.folder, path), text);
  }

  async makeFolder(path: string): Promise<void> {
    await mkdir(join(this.folder, path), { recursive: true });
  }

  async read(path: string): Promise<string> {
    return readFile(join(this.folder, path), "utf8");
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.folder, path));
  }

  /** The files of the jobs' folder, or of another one, with their contents. */
  async list(folder = "jobs"): Promise<readonly (readonly [string, string])[]> {
    const files = await readdir(join(this.folder, folder));
    return Promise.all(
      files.sort().map(async (file) => [file, await this.read(`${folder}/${file}`)] as const),
    );
  }

  /** The compiler's errors about the jobs and their tests. */
  async compile(): Promise<string> {
    const config = {
      extends: "./tsconfig.json",
      compilerOptions: {
        // Stricter than the project, since what is written has to fit into any.
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noUnusedLocals: true,
        noUnusedParameters: true,
      },
      exclude: [],
    };
    await this.write("tsconfig.strict.json", JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    return (await this.execute(process.execPath, compiler, "-p", "tsconfig.strict.json")).stdout;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
