import { createInterface } from "node:readline/promises";
import { ensureSchema } from "../../engine/control/ensure-schema.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { rolesScript } from "../../store/schema/roles-script.ts";
import { schemaScript } from "../../store/schema/schema-script.ts";
import { StoreSchema, uninstallSchema } from "../../store/schema/store-schema.ts";
import { defineCommand } from "../options/define-command.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { printJson, printScript, say } from "../terminal/output.ts";

/** `tidefill schema install|print|uninstall` */
export const schemaCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("action", { choices: ["install", "print", "uninstall"] as const, demandOption: true })
      .option("roles", {
        type: "boolean",
        default: false,
        describe: "with print: also the roles of an owner, a runner, an operator and a viewer",
      })
      .option("yes", { type: "boolean", default: false, describe: "uninstall without asking" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    if (given.action === "print") return print(settings, given.roles);
    return given.action === "install" ? install(settings) : uninstall(settings, given.yes);
  },
});

function print(settings: CommonSettings, withRoles: boolean): void {
  const { name } = new StoreSchema(settings.schema);
  const script = withRoles ? `${schemaScript(name)}\n${rolesScript(name)}` : schemaScript(name);
  if (settings.json) printJson({ schema: settings.schema, script });
  else printScript(script.trimEnd());
}

async function install(settings: CommonSettings): Promise<void> {
  await withStore(
    settings,
    async (session) => {
      const { store } = session;
      const installed = await ensureSchema(session);
      if (settings.json) printJson({ schema: store.schema.name, installed });
      say(
        installed
          ? `Installed the schema "${store.schema.name}".`
          : `The schema "${store.schema.name}" is already installed.`,
      );
    },
    { needsSchema: false, isAnnounced: true },
  );
}

async function uninstall(settings: CommonSettings, yes: boolean): Promise<void> {
  await withStore(
    settings,
    async ({ db, store }) => {
      const { rows } = await db.query(sql`select count(*) as runs from ${store.schema.table("run")}`);
      const { rows: active } = await db.query(sql`
      select count(*) as workers
      from ${store.schema.table("worker")}
      where heartbeat_at + lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()`);
      if (Number(active[0]?.workers) > 0) {
        throw new RefusedError(
          "no-run-is-active",
          `Runs are under way in the schema "${store.schema.name}".`,
          "Pause or cancel them first: tidefill status",
        );
      }
      if (!yes)
        await confirm(
          `This deletes the records of ${rows[0]?.runs} runs, their checkpoints and rejects.`,
          store.schema.name,
        );
      await uninstallSchema(db, store.schema);
      if (settings.json) printJson({ schema: store.schema.name, uninstalled: true });
      say(`Dropped the schema "${store.schema.name}".`);
    },
    { isAnnounced: true },
  );
}

async function confirm(consequence: string, word: string): Promise<void> {
  // Without a terminal no answer to a question would ever come.
  if (process.stdin.isTTY !== true) {
    throw new UsageError(`${consequence} Nothing was done.`, {
      remedy: "Without a terminal, confirm with --yes.",
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${consequence} Type "${word}" to go on: `);
  prompt.close();
  if (answer.trim() !== word) throw new UsageError("Not confirmed; nothing was done.");
}
