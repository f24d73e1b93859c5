/** The options that a command was typed with and the next one needs as well; never an address, which may hold a password. */
let options: readonly (readonly [name: string, value: string])[] = [];

/** Options of a command line that are about where things are. */
interface WhereThingsAre {
  readonly embedded: string | undefined;
  readonly envFile?: string | undefined;
  readonly jobs: string;
  readonly schema: string;
}

/** Remembers with which options the command was typed that is under way. */
export function rememberOptions({ embedded, envFile, jobs, schema }: WhereThingsAre): void {
  options = [
    ...(jobs === "jobs" ? [] : [["--jobs", jobs] as const]),
    ...(schema === "tidefill" ? [] : [["--schema", schema] as const]),
    ...(envFile === undefined ? [] : [["--env-file", envFile] as const]),
    ...(embedded === undefined ? [] : [["--embedded", embedded] as const]),
  ];
}

const commands =
  "audit|backup|cancel|check|contract|erase|list|new|pause|plan|purge|rejects|resume|run|set|status|undo|up|verify";

/** A command in a text ends with its line, before three spaces or a bracket, or with the sentence. */
const typed = new RegExp(
  `(?<![\\w-])tidefill (?:${commands})(?![\\w-])[^\\n\`,;)]*?(?= {2,}| && |\\n|$|[\`,;)]|\\.(?:\\s|$))`,
  "g",
);

/** A text whose commands can be typed as they stand: with the options that this one was typed with. */
export function withTypedOptions(text: string): string {
  if (options.length === 0) return text;
  return text.replace(typed, (command) =>
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
