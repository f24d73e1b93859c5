/** A JSON value beside the text that it was read from. */
export interface JsonNode {
  readonly raw: string;
  readonly value: unknown;
  /** of an object, in the text's order and with every name that comes twice; null where it is none */
  readonly members: readonly JsonMember[] | null;
  /** null where it is no array */
  readonly elements: readonly JsonNode[] | null;
}

interface JsonMember {
  readonly name: string;
  readonly rawName: string;
  readonly node: JsonNode;
}

type JsonType = "json" | "jsonb";

/** Deeper values are refused: each level takes a part of the stack, here and in PostgreSQL. */
export const deepestJson = 1_000;

/** Where the objects and arrays that a transform was given come from, as long as it holds them. */
const origins = new WeakMap<object, JsonNode>();

/** The text that an object or array was read from; undefined where JavaScript says all of it. */
export function originOf(value: unknown): JsonNode | undefined {
  return typeof value === "object" && value !== null ? origins.get(value) : undefined;
}

/** Reads a JSON text as `JSON.parse` does, and remembers it where the value alone would not bring the same text again. */
export function readJson(text: string, type: JsonType): unknown {
  const node = nodeOf(text, type);
  return node === null ? JSON.parse(text) : node.value;
}

/** A text taken apart; null where JavaScript's value says all of it. */
export function nodeOf(text: string, type: JsonType): JsonNode | null {
  return isWholeInJavaScript(text, type) ? null : new JsonReader(text).read();
}

// Of a jsonb PostgreSQL itself keeps no blanks, no order and no second member of a name: only numbers have more to them, many
// digits and zeros at their end.
const moreThanANumber = /[\d.]{16}|\.\d*0(?!\d)/;

function isWholeInJavaScript(text: string, type: JsonType): boolean {
  return type === "jsonb" ? !moreThanANumber.test(text) : JSON.stringify(JSON.parse(text)) === text;
}

/** Takes a valid JSON text apart. */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The whole text, with the blanks around it. */
  read(): JsonNode {
    this.#skipBlanks();
    const node = { ...this.#node(), raw: this.#text };
    remember(node);
    return node;
  }

  #node(): JsonNode {
    const begin = this.#at;
    const first = this.#text[begin];
    if (first === "{") return this.#inside(() => this.#object(begin));
    if (first === "[") return this.#inside(() => this.#array(begin));
    this.#at = first === '"' ? this.#endOfString() : this.#endOfWord();
    const raw = this.#text.slice(begin, this.#at);
    return { raw, value: scalarOf(raw), members: null, elements: null };
  }

  #inside(read: () => JsonNode): JsonNode {
    this.#depth += 1;
    if (this.#depth > deepestJson) throw new JsonTooDeep();
    const node = read();
    this.#depth -= 1;
    remember(node);
    return node;
  }

  #object(begin: number): JsonNode {
    const members: JsonMember[] = [];
    const value: Record<string, unknown> = {};
    this.#each("}", () => {
      const from = this.#at;
      this.#at = this.#endOfString();
      const rawName = this.#text.slice(from, this.#at);
      this.#skipBlanks();
      this.#at += 1;
      this.#skipBlanks();
      const member = { name: scalarOf(rawName) as string, rawName, node: this.#node() };
      members.push(member);
      // By assignment it would become the prototype.
      if (member.name === "__proto__")
        Object.defineProperty(value, member.name, { ...plain, value: member.node.value });
      else value[member.name] = member.node.value;
    });
    return { raw: this.#text.slice(begin, this.#at), value, members, elements: null };
  }

  #array(begin: number): JsonNode {
    const elements: JsonNode[] = [];
    this.#each("]", () => elements.push(this.#node()));
    const value = elements.map((element) => element.value);
    return { raw: this.#text.slice(begin, this.#at), value, members: null, elements };
  }

  #each(end: string, read: () => void): void {
    do {
      this.#at += 1;
      this.#skipBlanks();
      if (this.#text[this.#at] === end) break;
      read();
      this.#skipBlanks();
    } while (this.#text[this.#at] === ",");
    this.#at += 1;
  }

  #endOfString(): number {
    for (let at = this.#at + 1; ; at += 1) {
      at = this.#text.indexOf('"', at);
      let escapes = 0;
      while (this.#text[at - 1 - escapes] === "\\") escapes += 1;
      if (escapes % 2 === 0) return at + 1;
    }
  }

  /** Of a number, or of true, false or null. */
  #endOfWord(): number {
    endOfWord.lastIndex = this.#at;
    return endOfWord.exec(this.#text)?.index ?? this.#text.length;
  }

  #skipBlanks(): void {
    while (blanks.includes(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }
}

const endOfWord = /[\s,\]}]/g;

/** As JSON has them: space, line feed, carriage return, tab. */
const blanks: readonly number[] = [0x20, 0x0a, 0x0d, 0x09];

/** A string, a number, true, false or null. */
function scalarOf(raw: string): unknown {
  return raw.startsWith('"') && !raw.includes("\\") ? raw.slice(1, -1) : JSON.parse(raw);
}

const plain = { writable: true, enumerable: true, configurable: true } as const;

function remember(node: JsonNode): void {
  if (typeof node.value === "object" && node.value !== null) origins.set(node.value, node);
}

/** A JSON text that is nested deeper than we follow. */
export class JsonTooDeep extends Error {}
