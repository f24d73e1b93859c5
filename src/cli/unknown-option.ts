import type { CommandModule } from "yargs";
import { nearest } from "../did-you-mean.ts";

/** The error for an option that a command does not have; null for any other message of yargs. */
export function unknownOption(
  message: string,
  parameters: readonly string[],
  commands: readonly CommandModule[],
): { readonly message: string; readonly remedy: string } | null {
  const [, word] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  if (word === undefined || !parameters.some((each) => each.split("=")[0] === `--${word}`)) return null;
  const [name] = parameters;
  const command = commands.find(({ command: usage }) => String(usage).split(" ")[0] === name);
  const near = command === undefined ? null : nearest(word, optionsOf(command));
  return {
    message: `There is no option --${word} here.`,
    remedy: `${near === null ? "" : `Did you mean --${near}? `}\`tidefill ${command === undefined ? "<command>" : name} --help\` shows the options.`,
  };
}

/** The options that a command declares: its builder is called with a recorder of their names. */
function optionsOf({ builder }: CommandModule): readonly string[] {
  const names: string[] = [];
  const recorder: object = new Proxy(
    {},
    {
      get:
        (_, method) =>
        (...given: readonly unknown[]): object => {
          if (method === "option") names.push(String(given[0]));
          return recorder;
        },
    },
  );
  if (typeof builder === "function") void builder(recorder as Parameters<typeof builder>[0]);
  return names;
}
