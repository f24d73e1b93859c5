import { deepestJson, type JsonNode, originOf } from "./json-text.ts";

/** A part of a value that JSON cannot carry. */
export class JsonProblem extends Error {
  readonly problem: string;
  /** where it stands, `$.a[0]` */
  readonly path: string;

  constructor(problem: string, path: string) {
    super(problem);
    this.problem = problem;
    this.path = path;
  }
}

/**
 * Writes a value as JSON. What is still as it was read, whole or in parts, keeps its text: digits, the order of its members,
 * members of the same name. `read` is what stood in its place. @throws JsonProblem
 */
export function writeJson(value: unknown, read: JsonNode | null): string {
  return new JsonWriter().write(value, "", read ?? undefined).text;
}

/** What a value is, for people, and nothing of what it holds. */
export function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  const maker: unknown = Object.getPrototypeOf(value)?.constructor;
  const name = typeof maker === "function" ? maker.name : "";
  if (name === "Object" || !/^[A-Z]\w{0,40}$/.test(name)) return "an object";
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** A promise that nothing waits for: when it fails, that would end the process. */
export function letGo(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {});
}

interface Written {
  readonly text: string;
  /** whether it is what was read */
  readonly isKept: boolean;
}

class JsonWriter {
  readonly #path: (string | number)[] = [];
  readonly #open = new Set<object>();

  write(given: unknown, name: string, read: JsonNode | undefined): Written {
    const written = this.#unlessUndefined(given, name, read);
    // Where JSON would write null, in silence.
    if (written === null) throw this.#problem("undefined");
    return written;
  }

  #unlessUndefined(given: unknown, name: string, read: JsonNode | undefined): Written | null {
    const value = this.#asJson(given, name);
    if (value === undefined) return null;
    const node = originOf(value) ?? read;
    if (Array.isArray(value)) return this.#within(value, () => this.#array(value, node));
    if (typeof value === "object" && value !== null)
      return this.#within(value, () => this.#object(value as Readonly<Record<string, unknown>>, node));
    // Not by =, since -0 is not 0.
    if (node !== undefined && Object.is(node.value, value)) return { text: node.raw, isKept: true };
    if (typeof value === "number" && !Number.isFinite(value)) throw this.#problem(String(value));
    return { text: JSON.stringify(value), isKept: false };
  }

  #array(value: readonly unknown[], node: JsonNode | undefined): Written {
    const elements = node?.elements;
    const parts = Array.from(value, (element, index) =>
      this.#at(index, () => this.write(element, String(index), elements?.[index])),
    );
    if (node !== undefined && elements?.length === parts.length && parts.every(({ isKept }) => isKept))
      return { text: node.raw, isKept: true };
    return { text: `[${parts.map(({ text }) => text).join(",")}]`, isKept: false };
  }

  #object(value: Readonly<Record<string, unknown>>, node: JsonNode | undefined): Written {
    const members = new Map(node?.members?.map((member) => [member.name, member.node]));
    const parts = new Map<string, Written>();
    for (const name of Object.keys(value)) {
      const part = this.#at(name, () => this.#unlessUndefined(value[name], name, members.get(name)));
      // As JSON has it: a member that is undefined is not there.
      if (part !== null) parts.set(name, part);
    }
    if (node?.members == null) return { text: `{${freshMembers(parts, members).join(",")}}`, isKept: false };
    const before = Object.keys(node.value as object);
    const isInOrder = isSame(
      before.filter((name) => parts.has(name)),
      [...parts.keys()].filter((name) => members.has(name)),
    );
    if (!isInOrder) return { text: `{${freshMembers(parts, new Map()).join(",")}}`, isKept: false };
    const isWhole = isSame(before, [...parts.keys()]);
    if (isWhole && [...parts.values()].every(({ isKept }) => isKept)) return { text: node.raw, isKept: true };
    const all = [...knownMembers(node.members, parts), ...freshMembers(parts, members)];
    return { text: `{${all.join(",")}}`, isKept: false };
  }

  /** What `toJSON` makes of a value. @throws JsonProblem for what JSON would make something else of, in silence */
  #asJson(given: unknown, name: string): unknown {
    letGo(given);
    if (given instanceof Date && Number.isNaN(given.getTime())) throw this.#problem("an invalid Date");
    if (ArrayBuffer.isView(given)) throw this.#problem(`${kindOf(given)}; write bytes as a text`);
    const value = hasToJson(given) ? given.toJSON(name) : given;
    switch (typeof value) {
      case "bigint":
        throw this.#problem("a bigint, which JSON has not; make it a text or a number");
      case "function":
      case "symbol":
        throw this.#problem(kindOf(value));
      case "object":
        if (!isPlain(value)) throw this.#problem(kindOf(value));
    }
    return value;
  }

  #within(value: object, write: () => Written): Written {
    if (this.#open.has(value)) throw this.#problem("a value that holds itself");
    if (this.#open.size >= deepestJson) throw this.#problem(`nested more than ${deepestJson} deep`);
    this.#open.add(value);
    const written = write();
    this.#open.delete(value);
    return written;
  }

  #at<W extends Written | null>(place: string | number, write: () => W): W {
    this.#path.push(place);
    const written = write();
    this.#path.pop();
    return written;
  }

  #problem(problem: string): JsonProblem {
    return new JsonProblem(problem, pathOf(this.#path));
  }
}

/** Members that were there before, in the text's order. Where one's value is another, it stands there once. */
function knownMembers(
  members: NonNullable<JsonNode["members"]>,
  parts: ReadonlyMap<string, Written>,
): string[] {
  const last = new Map(members.map(({ name }, index) => [name, index]));
  return members.flatMap(({ name, rawName, node: { raw } }, index) => {
    const part = parts.get(name);
    const isLast = last.get(name) === index;
    if (part === undefined || (!part.isKept && !isLast)) return [];
    return [`${rawName}:${isLast ? part.text : raw}`];
  });
}

/** Members of new names. */
function freshMembers(parts: ReadonlyMap<string, Written>, known: ReadonlyMap<string, JsonNode>): string[] {
  return [...parts].flatMap(([name, { text }]) =>
    known.has(name) ? [] : [`${JSON.stringify(name)}:${text}`],
  );
}

/** Names that could be values of a person are left out. */
function pathOf(path: readonly (string | number)[]): string {
  const shown = path.slice(0, 10).map((place) => {
    if (typeof place === "number") return `[${place}]`;
    return /^[A-Za-z_]\w{0,40}$/.test(place) ? `.${place}` : "[…]";
  });
  return `$${shown.join("")}${path.length > 10 ? "…" : ""}`;
}

/** An object literal, from whichever realm, or an array. */
function isPlain(value: object | null): boolean {
  if (value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function hasToJson(value: unknown): value is { toJSON(name: string): unknown } {
  return (
    (typeof value === "object" || typeof value === "bigint") &&
    value !== null &&
    typeof (value as { toJSON?: unknown }).toJSON === "function"
  );
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
