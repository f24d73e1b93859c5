import { readFileSync } from "node:fs";

/** The version in this package's own manifest, which lies two folders up from here, in the source and when built. */
export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}
