import { typedCommand } from "../../describe/typed-command.ts";

/** Options of this command that the next one needs, too; never an address, which may hold a password. */
let options: readonly (readonly [name: string, value: string])[] = [];

/** Options that say where things are. */
interface WhereThingsAre {
  readonly embedded: string | undefined;
  readonly envFile?: string | undefined;
  readonly jobs: string;
  readonly schema: string;
  readonly target?: string | undefined;
}

/** Remembers the options of the current command. */
export function rememberOptions({ embedded, envFile, jobs, schema, target }: WhereThingsAre): void {
  options = [
    ...(jobs === "jobs" ? [] : [["--jobs", jobs] as const]),
    ...(target === undefined ? [] : [["--target", target] as const]),
    // A target has its own.
    ...(schema === "tidefill" || target !== undefined ? [] : [["--schema", schema] as const]),
    ...(envFile === undefined ? [] : [["--env-file", envFile] as const]),
    ...(embedded === undefined ? [] : [["--embedded", embedded] as const]),
  ];
}

/** The same for a text about one of several targets. */
export function withTarget(target: string, text: string): string {
  const before = options;
  options = [...before.filter(([name]) => name !== "--target" && name !== "--schema"), ["--target", target]];
  const whole = withTypedOptions(text);
  options = before;
  return whole;
}

/** Forgets them: the next command of the process was typed without. */
export function forgetOptions(): void {
  options = [];
}

/** Adds the options of the current command to the commands in a text, so that a user can copy them. */
export function withTypedOptions(text: string): string {
  if (options.length === 0) return text;
  return text.replace(typedCommand, (command) =>
    options.reduce(
      (whole, [name, value]) =>
        new RegExp(`${name}(?![\\w-])`).test(command) ? whole : `${whole} ${name} ${quoted(value)}`.trimEnd(),
      command,
    ),
  );
}

function quoted(value: string): string {
  return /^[\w./@:-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
