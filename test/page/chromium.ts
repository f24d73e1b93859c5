import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** The path of a Chromium: TIDEFILL_CHROMIUM, else one on PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  const { TIDEFILL_CHROMIUM: named, PATH = "" } = process.env;
  if (named) {
    if (!existsSync(named)) throw new Error(`TIDEFILL_CHROMIUM is ${named}, and there is no such file.`);
    return named;
  }
  const all = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return all.find((file) => existsSync(file));
}

/** Starts the browser; as root it has no sandbox. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("There is no Chromium here.");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
