import { deepestJson, type JsonNode, originOf } from "./read-json.ts";

/** A part of a value that JSON cannot represent. */
export class JsonProblem extends Error {
  readonly problem: string;
  /** its place in the value, `$.a[0]` */
  readonly path: string;

  constructor(problem: string, path: string) {
    super(problem);
    this.problem = problem;
    this.path = path;
  }
}

/**
 * Writes a value as JSON. Parts that are unchanged since they were read keep their text: digits, the order of
 * members, repeated names. `read` is what was read in its place. @throws JsonProblem
 */
export function writeJson(value: unknown, read: JsonNode | null): string {
  return new JsonWriter().write(value, "", read ?? undefined).text;
}

/** The kind of a value, for messages; nothing of its content. */
export function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  const maker: unknown = Object.getPrototypeOf(value)?.constructor;
  const name = typeof maker === "function" ? maker.name : "";
  if (name === "Object" || !/^[A-Z]\w{0,40}$/.test(name)) return "an object";
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** Ignores a promise that nothing waits for: if it failed, it would end the process. */
export function letGo(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {});
}

/** A part that was written, and whether it is unchanged since it was read. */
interface Written {
  readonly text: string;
  readonly isKept: boolean;
}

class JsonWriter {
  /** the current place; an error leaves it there */
  readonly #path: (string | number)[] = [];
  readonly #open: object[] = [];

  write(given: unknown, name: string, read: JsonNode | undefined): Written {
    const value = this.#asJson(given, name);
    // JSON would silently write null.
    if (value === undefined) throw this.#problem("undefined");
    return this.#value(value, read);
  }

  #value(value: unknown, read: JsonNode | undefined): Written {
    if (typeof value === "object" && value !== null) return this.#inside(value, originOf(value) ?? read);
    // Not by ===, since -0 is not 0.
    if (read !== undefined && Object.is(read.value, value)) return { text: read.raw, isKept: true };
    if (typeof value === "number" && !Number.isFinite(value)) throw this.#problem(String(value));
    return { text: JSON.stringify(value), isKept: false };
  }

  #inside(value: object, node: JsonNode | undefined): Written {
    if (this.#open.includes(value)) throw this.#problem("a value that holds itself");
    if (this.#open.length >= deepestJson) throw this.#problem(`nested more than ${deepestJson} deep`);
    this.#open.push(value);
    const written = Array.isArray(value)
      ? this.#array(value, node)
      : this.#object(value as Readonly<Record<string, unknown>>, node);
    this.#open.pop();
    return written;
  }

  #array(value: readonly unknown[], node: JsonNode | undefined): Written {
    const elements = node?.elements;
    const texts: string[] = [];
    let isKept = node !== undefined && elements?.length === value.length;
    // By index, so that a hole in the array is met too.
    for (let index = 0; index < value.length; index += 1) {
      this.#path.push(index);
      const part = this.write(value[index], String(index), elements?.[index]);
      this.#path.pop();
      texts.push(part.text);
      isKept &&= part.isKept;
    }
    return isKept && node !== undefined
      ? { text: node.raw, isKept }
      : { text: `[${texts.join(",")}]`, isKept: false };
  }

  #object(value: Readonly<Record<string, unknown>>, node: JsonNode | undefined): Written {
    const members = node?.members == null ? noMembers : lastOfEach(node.members);
    const parts = new Map<string, Written>();
    for (const name of Object.keys(value)) {
      this.#path.push(name);
      const member = this.#asJson(value[name], name);
      // As in JSON, a member that is undefined is left out.
      if (member !== undefined) parts.set(name, this.#value(member, members.get(name)));
      this.#path.pop();
    }
    return node?.members == null
      ? { text: `{${freshMembers(parts, noMembers).join(",")}}`, isKept: false }
      : mergedMembers(node.raw, node.members, Object.keys(node.value as object), parts);
  }

  /** What `toJSON` makes of a value. @throws JsonProblem for what JSON would silently change */
  #asJson(given: unknown, name: string): unknown {
    const isObject = typeof given === "object" && given !== null;
    if (isObject) this.#requireCarried(given);
    const value = (isObject || typeof given === "bigint") && hasToJson(given) ? given.toJSON(name) : given;
    switch (typeof value) {
      case "bigint":
        throw this.#problem("a bigint, which JSON does not have; make it a text or a number");
      case "function":
      case "symbol":
        throw this.#problem(kindOf(value));
      case "object":
        if (!isPlain(value)) throw this.#problem(kindOf(value));
    }
    return value;
  }

  /** Refuses classes whose own `toJSON` changes the value. */
  #requireCarried(given: object): void {
    letGo(given);
    if (given instanceof Date && Number.isNaN(given.getTime())) throw this.#problem("an invalid Date");
    if (ArrayBuffer.isView(given)) throw this.#problem(`${kindOf(given)}; write bytes as a text`);
  }

  #problem(problem: string): JsonProblem {
    return new JsonProblem(problem, pathOf(this.#path));
  }
}

type Members = NonNullable<JsonNode["members"]>;

const noMembers: ReadonlyMap<string, JsonNode> = new Map();

function lastOfEach(members: Members): ReadonlyMap<string, JsonNode> {
  return new Map(members.map(({ name, node }) => [name, node]));
}

/** An object that was read and may have changed; `before` has its names in JavaScript's order. */
function mergedMembers(
  raw: string,
  members: Members,
  before: readonly string[],
  parts: ReadonlyMap<string, Written>,
): Written {
  const known = lastOfEach(members);
  const isInOrder = isSame(
    before.filter((name) => parts.has(name)),
    [...parts.keys()].filter((name) => known.has(name)),
  );
  if (!isInOrder) return { text: `{${freshMembers(parts, noMembers).join(",")}}`, isKept: false };
  const isWhole = isSame(before, [...parts.keys()]);
  if (isWhole && [...parts.values()].every(({ isKept }) => isKept)) return { text: raw, isKept: true };
  const all = [...knownMembers(members, parts), ...freshMembers(parts, known)];
  return { text: `{${all.join(",")}}`, isKept: false };
}

/** Members that were there before, in the text's order. A repeated name with a new value is written once. */
function knownMembers(members: Members, parts: ReadonlyMap<string, Written>): string[] {
  const last = new Map(members.map(({ name }, index) => [name, index]));
  return members.flatMap(({ name, rawName, node: { raw } }, index) => {
    const part = parts.get(name);
    const isLast = last.get(name) === index;
    if (part === undefined || (!part.isKept && !isLast)) return [];
    return [`${rawName}:${isLast ? part.text : raw}`];
  });
}

/** Members with new names. */
function freshMembers(parts: ReadonlyMap<string, Written>, known: ReadonlyMap<string, JsonNode>): string[] {
  return [...parts].flatMap(([name, { text }]) =>
    known.has(name) ? [] : [`${JSON.stringify(name)}:${text}`],
  );
}

/** Leaves out names that could be values of a person. */
function pathOf(path: readonly (string | number)[]): string {
  const shown = path.slice(0, 10).map((place) => {
    if (typeof place === "number") return `[${place}]`;
    return /^[A-Za-z_]\w{0,40}$/.test(place) ? `.${place}` : "[…]";
  });
  return `$${shown.join("")}${path.length > 10 ? "…" : ""}`;
}

/** An object literal, from any realm, or an array. */
function isPlain(value: object | null): boolean {
  if (value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function hasToJson(value: unknown): value is { toJSON(name: string): unknown } {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === "function";
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
