import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Every page that a reader may open, by its path from the top of the checkout. */
export const pages: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "grafana/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

interface CodeBlock {
  /** what stands behind the opening fence: `ts`, `sh`, `console`, … */
  readonly language: string;
  readonly text: string;
}

/** One page, taken apart as far as the tests look at it. */
export class Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  /** the text without its code blocks */
  readonly prose: string;

  constructor(path: string) {
    this.path = path;
    this.text = readFileSync(join(root, path), "utf8");
    const fence = /^( *)```(\w*)\n(.*?)^\1```$/gms;
    this.blocks = [...this.text.matchAll(fence)].map(([, margin = "", language = "", text = ""]) => ({
      language,
      text: text.replaceAll(new RegExp(`^${margin}`, "gm"), ""),
    }));
    this.prose = this.text.replaceAll(fence, "");
  }

  /** The code blocks of a language. */
  code(language: string): readonly string[] {
    return this.blocks.filter((block) => block.language === language).map((block) => block.text);
  }

  /** What stands between a heading and the next one of its rank or above. */
  section(heading: string): string {
    const rank = /^#+/.exec(heading)?.[0].length ?? 0;
    const begin = this.text.indexOf(`\n${heading}\n`);
    if (begin < 0) throw new Error(`${this.path} has no heading "${heading}".`);
    const rest = this.text.slice(begin + heading.length + 2);
    const end = rest.search(new RegExp(`^#{1,${rank}} `, "m"));
    return end < 0 ? rest : rest.slice(0, end);
  }

  /** The names by which links reach its headings, as GitHub makes them. */
  get anchors(): ReadonlySet<string> {
    return new Set([...this.prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
  }
}

/** The name by which links reach a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** The cells of the tables in a text, row by row, headings left out; `\|` does not end a cell. */
export function tableRows(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n");
  return lines
    .filter((line, index) => line.startsWith("|") && !isRule(line) && !isRule(lines[index + 1] ?? ""))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim()),
    );
}

function isRule(line: string): boolean {
  return /^\|(-+\|)+$/.test(line);
}

/** The texts between backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}
