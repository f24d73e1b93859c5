/** A JSON value with the text from which it was read. */
export interface JsonNode {
  readonly raw: string;
  readonly value: unknown;
  /** the members of an object in the text's order, including repeated names; null for anything else */
  readonly members: readonly JsonMember[] | null;
  /** null where it is not an array */
  readonly elements: readonly JsonNode[] | null;
}

interface JsonMember {
  readonly name: string;
  readonly rawName: string;
  readonly node: JsonNode;
}

type JsonType = "json" | "jsonb";

/** Deeper values are refused: each level takes stack, here and in PostgreSQL. */
export const deepestJson = 1_000;

/** The nodes of the objects and arrays that a transform was given, for as long as it holds them. */
const origins = new WeakMap<object, JsonNode>();

/** The node of an object or array; undefined where the JavaScript value alone gives its text again. */
export function originOf(value: unknown): JsonNode | undefined {
  return typeof value === "object" && value !== null ? origins.get(value) : undefined;
}

/** Reads JSON as `JSON.parse` does; remembers its text where the value alone would not give it again. */
export function readJson(text: string, type: JsonType): unknown {
  const node = nodeOf(text, type);
  return node === null ? JSON.parse(text) : node.value;
}

/** The nodes of a text; null where the JavaScript value alone gives it again. */
export function nodeOf(text: string, type: JsonType): JsonNode | null {
  return isWholeInJavaScript(text, type) ? null : new JsonReader(text).read();
}

// In a jsonb, PostgreSQL itself keeps no blanks, no order and no repeated names: only numbers may lose
// something, with many digits or trailing zeros.
const moreThanANumber = /[\d.]{16}|\.\d*0(?!\d)/;

function isWholeInJavaScript(text: string, type: JsonType): boolean {
  return type === "jsonb" ? !moreThanANumber.test(text) : JSON.stringify(JSON.parse(text)) === text;
}

/** Parses valid JSON text. */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The whole text, including the blanks around it. */
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
      // An assignment would set the prototype.
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

  /** The end of a number, or of true, false or null. */
  #endOfWord(): number {
    endOfWord.lastIndex = this.#at;
    return endOfWord.exec(this.#text)?.index ?? this.#text.length;
  }

  #skipBlanks(): void {
    while (blanks.includes(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }
}

const endOfWord = /[\s,\]}]/g;

/** JSON's blanks: space, line feed, carriage return, tab. */
const blanks: readonly number[] = [0x20, 0x0a, 0x0d, 0x09];

/** A string, a number, true, false or null. */
function scalarOf(raw: string): unknown {
  return raw.startsWith('"') && !raw.includes("\\") ? raw.slice(1, -1) : JSON.parse(raw);
}

const plain = { writable: true, enumerable: true, configurable: true } as const;

function remember(node: JsonNode): void {
  if (typeof node.value === "object" && node.value !== null) origins.set(node.value, node);
}

/** A JSON text that is nested too deep. */
export class JsonTooDeep extends Error {}
