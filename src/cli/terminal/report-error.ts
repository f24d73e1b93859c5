import { exitCodeOfError } from "../../engine/report/exit-code.ts";
import { printJson, sayError } from "./output.ts";
import { toTidefillError } from "./to-tidefill-error.ts";

/** Says an error, as JSON too where that is asked for, and sets the process's exit code. */
export function reportError(thrown: unknown, json: boolean): void {
  const error = toTidefillError(thrown);
  sayError(error);
  if (json) printJson({ error: { code: error.code, message: error.message, remedy: error.remedy ?? null } });
  process.exitCode = exitCodeOfError(error);
}
