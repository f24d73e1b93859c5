import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import { ownFile } from "../own-package.ts";

/** A file that browsers load. */
interface Asset {
  readonly type: string;
  readonly text: string;
}

/** The files that browsers load: they are built into `dist/page`, and none comes from another host. */
export class PageAssets {
  readonly #files: ReadonlyMap<string, Asset>;
  /** changes with the files */
  readonly build: string;

  private constructor(files: ReadonlyMap<string, Asset>) {
    this.#files = files;
    const hash = createHash("sha256");
    for (const { text } of files.values()) hash.update(text);
    this.build = hash.digest("hex").slice(0, 12);
  }

  /** @throws UsageError where they were not built */
  static load(): PageAssets {
    return new PageAssets(
      new Map([
        ["page.js", { type: "text/javascript; charset=utf-8", text: read("page.js") }],
        ["page.css", { type: "text/css; charset=utf-8", text: read("page.css") }],
        ["icon.svg", { type: "image/svg+xml", text: icon }],
      ]),
    );
  }

  find(name: string): Asset | null {
    return this.#files.get(name) ?? null;
  }
}

function read(name: string): string {
  try {
    return readFileSync(ownFile(`dist/page/${name}`), "utf8");
  } catch (cause) {
    throw new UsageError(`The page's own file ${name} is missing.`, { remedy: "npm run build", cause });
  }
}

/** A wave that fills a square. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b6e8a"/><path d="M0 18c5-5 9-5 14 0s10 5 18-1v9a6 6 0 0 1-6 6H6a6 6 0 0 1-6-6z" fill="#bfe7f2"/></svg>`;
