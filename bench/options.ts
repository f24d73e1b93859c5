import { parseArgs } from "node:util";

export interface Options {
  readonly essays: number;
  readonly repeat: number;
  /** undefined means all; a name also means the names that begin with it and a hyphen */
  readonly only: readonly string[] | undefined;
  /** the names of servers; all when undefined */
  readonly servers: readonly string[] | undefined;
  /** the slow contestants also get the whole table */
  readonly full: boolean;
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      essays: { type: "string", default: "200000" },
      repeat: { type: "string", default: "3" },
      only: { type: "string" },
      servers: { type: "string" },
      full: { type: "boolean", default: false },
    },
  });
  return {
    essays: wholeNumber("essays", values.essays, 10),
    repeat: wholeNumber("repeat", values.repeat, 1),
    only: list(values.only),
    servers: list(values.servers),
    full: values.full,
  };
}

function list(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}

function wholeNumber(name: string, text: string, atLeast: number): number {
  const number = Number(text.replaceAll("_", ""));
  if (Number.isSafeInteger(number) && number >= atLeast) return number;
  throw new Error(`--${name} must be a whole number from ${atLeast}, got "${text}".`);
}
