import { readFileSync } from "node:fs";
import { ownFile } from "../../own-package.ts";
import { defineCommand } from "../options/define-command.ts";
import { printScript } from "../terminal/output.ts";

/** `tidefill completion [shell]` */
export const completionCommand = defineCommand({
  builder: (yargs) =>
    yargs.positional("shell", {
      choices: ["bash", "zsh"] as const,
      describe: "the shell (that of $SHELL when not given)",
    }),
  handler: async ({ shell }) => {
    const isZsh = shell === "zsh" || (shell === undefined && (process.env.SHELL ?? "").includes("zsh"));
    // The script calls the program by the name that was typed, so completion also works for a path to it.
    printScript(
      readFileSync(ownFile(`templates/completion/tidefill.${isZsh ? "zsh" : "bash"}`), "utf8").trimEnd(),
    );
  },
});
