import type { ArrayElements } from "../../postgres/sql/text-array.ts";

/** Parses an array's text (`{a,"b c",NULL}`); null when it is not one. Strict: a file may hold any text. */
export function parseArrayText(text: string): ArrayElements | null {
  const reader = new ArrayReader(text);
  const elements = reader.array();
  return elements !== null && reader.isAtEnd ? elements : null;
}

class ArrayReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.#skipBlanks();
    return this.#at === this.#text.length;
  }

  /** The array that begins here, or null. */
  array(): ArrayElements | null {
    if (!this.#take("{")) return null;
    const elements: (string | null | ArrayElements)[] = [];
    if (this.#take("}")) return elements;
    do {
      const element = this.#element();
      if (element === undefined) return null;
      elements.push(element);
    } while (this.#take(","));
    return this.#take("}") ? elements : null;
  }

  #element(): string | null | ArrayElements | undefined {
    this.#skipBlanks();
    if (this.#text[this.#at] === "{") return this.array() ?? undefined;
    return this.#take('"') ? this.#quoted() : this.#plain();
  }

  #quoted(): string | undefined {
    let value = "";
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#at += 1;
        return value;
      }
      if (character === "\\") this.#at += 1;
      value += this.#text[this.#at] ?? "";
    }
    return undefined;
  }

  #plain(): string | null | undefined {
    const found = /[^{},"\\]*/y;
    found.lastIndex = this.#at;
    const value = (found.exec(this.#text)?.[0] ?? "").trimEnd();
    this.#at = found.lastIndex;
    if (value === "") return undefined;
    return value.toUpperCase() === "NULL" ? null : value;
  }

  #take(character: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }
}
