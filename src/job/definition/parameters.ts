import type { StandardSchemaV1 } from "@standard-schema/spec";
import { UsageError } from "../../errors.ts";
import { ColumnCodec, ColumnValueError } from "../columns/column-codec.ts";
import type { ColumnType, ValueOf } from "../columns/column-types.ts";

/** Typed inputs of a job: column types by name, or a Standard Schema (zod, valibot, arktype, …). */
export type ParameterSpec = Readonly<Record<string, ColumnType>> | StandardSchemaV1<unknown, object>;

/** The values of a job's parameters as the job sees them. */
export type ParametersOf<P> = P extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<P>
  : { readonly [Name in keyof P]: P[Name] extends string ? ValueOf<P[Name]> : never };

/** Parameters as they were given and are stored: as JSON, so that a resumed run reads the same. */
export type GivenParameters = Readonly<Record<string, unknown>>;

/**
 * Converts given parameters to the job's declared types; accepts texts from the command line and values from
 * code. Reports all mistakes together. @throws UsageError
 */
export async function readParameters(spec: ParameterSpec, given: GivenParameters): Promise<object> {
  if (isStandardSchema(spec)) {
    const result = await spec["~standard"].validate(given);
    if (result.issues === undefined) return result.value;
    throw mistakes(
      result.issues.map(({ path = [], message }) => {
        const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
        return `${place || "parameters"}: ${message}`;
      }),
    );
  }
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(spec, name));
  const problems = unknown.map((name) => `${name}: this job has no such parameter`);
  const read = Object.entries(spec).map(([name, type]) => {
    try {
      return [name, readOne(name, type, given[name])] as const;
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return [name, null] as const;
    }
  });
  if (problems.length > 0) throw mistakes(problems);
  return Object.freeze(Object.fromEntries(read));
}

/** The JSON that the store keeps of given parameters. @throws UsageError when JSON cannot represent one */
export function parametersToJson(spec: ParameterSpec, given: GivenParameters): string {
  if (!isStandardSchema(spec)) return JSON.stringify(textsOf(spec, given));
  return JSON.stringify(given, (name, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "function" || typeof value === "symbol") {
      throw new UsageError(`Parameter ${name} is a ${typeof value}, which cannot be stored for a resume.`);
    }
    return value;
  });
}

/** Checks that a run can be resumed: the stored parameters must be valid again. @throws UsageError */
export async function requireKept(spec: ParameterSpec, given: GivenParameters): Promise<void> {
  const kept = JSON.parse(parametersToJson(spec, given)) as GivenParameters;
  await readParameters(spec, kept).catch((cause: unknown) => {
    throw new UsageError(
      "The parameters fit the job, but their JSON, which is stored for a resume, does not.",
      {
        cause,
        remedy: "Pass them as texts and let the schema convert them: z.coerce.date() rather than z.date().",
      },
    );
  });
}

/** Each value as PostgreSQL writes it: unlike JSON, that can hold bytes, infinities and large integers. */
function textsOf(
  spec: Readonly<Record<string, ColumnType>>,
  given: GivenParameters,
): Readonly<Record<string, unknown>> {
  const texts = Object.entries(given).map(([name, value]) => {
    const type = spec[name];
    const isText = value === undefined || value === null || typeof value === "string" || type === undefined;
    return [name, isText ? value : new ColumnCodec(name, type).encode(value)] as const;
  });
  return Object.fromEntries(texts);
}

function readOne(name: string, type: string, value: unknown): unknown {
  if (value === undefined || value === null) {
    if (type.endsWith("?")) return null;
    throw new Error(`missing, give it with --param ${name}=…`);
  }
  if (typeof value !== "string") {
    new ColumnCodec(name, type).encode(value);
    return value;
  }
  return fromText(type.replace("?", ""), value, new ColumnCodec(name, type));
}

function fromText(type: string, text: string, codec: ColumnCodec): unknown {
  const isNumber = ["smallint", "integer", "real", "double precision"].includes(type);
  const fits =
    type === "bigint" || type === "smallint" || type === "integer"
      ? /^[+-]?\d+$/.test(text)
      : isNumber
        ? text.trim() === "NaN" || (text.trim() !== "" && !Number.isNaN(Number(text)))
        : type !== "boolean" || /^(t|f|true|false)$/.test(text);
  if (!fits) throw new Error(`the given value is not a ${type}`);
  if (type === "boolean") return text.startsWith("t");
  try {
    return codec.decode(text);
  } catch (error) {
    // Other errors repeat what was given, which may be about a person.
    if (error instanceof ColumnValueError) throw error;
    throw new Error(`the given value is not a ${type}`);
  }
}

export function isStandardSchema(spec: ParameterSpec): spec is StandardSchemaV1<unknown, object> {
  return "~standard" in spec;
}

function mistakes(problems: readonly string[]): UsageError {
  return new UsageError(
    `The parameters do not fit the job:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
  );
}
