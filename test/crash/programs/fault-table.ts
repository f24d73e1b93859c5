import { readFile, writeFile } from "node:fs/promises";
import { actions, places } from "./fault-places.ts";

const guarantees = new URL("../../../docs/guarantees.md", import.meta.url);
const [begin, end] = ["<!-- faults: written by npm run test:long -->", "<!-- /faults -->"];

/** How many faults of each kind have struck, and what the oracle found afterwards. */
export class FaultTable {
  readonly #struck = new Map<string, number>();
  readonly #kinds = new Set<string>();
  #begun = 0;
  #runs = 0;

  /** Notes that a run is about to be struck: one that does not end as it should is a violation. */
  begin(): void {
    this.#begun += 1;
  }

  /** Notes the faults of a run that ended as it should. */
  add(kind: string, place: string, action: string, faults: number): void {
    this.#kinds.add(kind);
    this.#runs += 1;
    const cell = `${place}|${action}`;
    this.#struck.set(cell, (this.#struck.get(cell) ?? 0) + faults);
  }

  get total(): number {
    return [...this.#struck.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The table as Markdown. */
  toString(): string {
    const names = Object.keys(actions);
    const kinds = [...this.#kinds].map((kind) => `\`${kind}\``);
    const today = new Date().toISOString().slice(0, 10);
    const count = (place: string, action: string) =>
      (this.#struck.get(`${place}|${action}`) ?? 0).toLocaleString("en");
    return [
      `| what is struck | ${names.join(" | ")} |`,
      `|---|${names.map(() => "--:|").join("")}`,
      ...Object.keys(places).map(
        (place) => `| ${place} | ${names.map((action) => count(place, action)).join(" | ")} |`,
      ),
      "",
      `${this.total.toLocaleString("en")} faults in ${this.#runs.toLocaleString("en")} runs, ${today}: ${this.#begun - this.#runs} violations. Kinds of job:`,
      `${kinds.slice(0, 5).join(", ")},`,
      `${kinds.slice(5).join(", ")}.`,
    ].join("\n");
  }

  /** Puts the table into docs/guarantees.md. */
  async publish(): Promise<void> {
    const text = await readFile(guarantees, "utf8");
    const [before, rest] = [text.split(begin)[0], text.split(end)[1]];
    if (rest === undefined) throw new Error(`docs/guarantees.md has no place for the table: ${begin}`);
    await writeFile(guarantees, `${before}${begin}\n\n${this}\n\n${end}${rest}`);
  }
}
