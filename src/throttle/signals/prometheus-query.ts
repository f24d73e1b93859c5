import { against } from "../amount.ts";
import { defineSignal, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";
import { plain } from "./user-query.ts";

const longestAnswerMs = 2_000;

interface Asked {
  readonly name: string;
  /** Prometheus' address */
  readonly url: string;
  readonly query: string;
  readonly max: number;
}

/** The highest sample of a Prometheus query, against a limit, for what only monitoring knows. */
export function prometheusQuery(asked: Asked): Signal {
  return defineSignal({
    name: "prometheus",
    everyMs: 5_000,
    onError: "hold",
    async read() {
      const { name, max } = asked;
      const values = (await ask(asked)).filter((value) => !Number.isNaN(value));
      if (values.length === 0) throw new SignalBlindError(`"${name}" has no sample in Prometheus`);
      const value = Math.max(...values);
      return {
        utilization: utilizationOf(value, max),
        reason: `${name} ${against(value, max, plain)}`,
      };
    },
  });
}

async function ask(asked: Asked): Promise<number[]> {
  const { url, query, name } = asked;
  const base = new URL(url);
  const headers: Record<string, string> =
    base.username === ""
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`).toString("base64")}`,
        };
  const at = new URL(`${base.pathname.replace(/\/$/, "")}/api/v1/query`, base.origin);
  at.searchParams.set("query", query);
  const answer = await fetch(at, { headers, signal: AbortSignal.timeout(longestAnswerMs) }).catch(() => null);
  if (answer === null) throw new SignalBlindError(`Prometheus at ${base.host} does not answer`);
  const body = (await answer.json().catch(() => null)) as PrometheusAnswer | null;
  if (!answer.ok || body?.status !== "success")
    throw new SignalBlindError(
      `Prometheus refused the query "${name}": ${body?.error ?? `HTTP ${answer.status}`}`,
    );
  const { resultType, result } = body.data;
  if (resultType === "scalar") return [sampleOf(String(result[1]))];
  if (resultType !== "vector")
    throw new SignalBlindError(
      `the query "${name}" returns a ${resultType}, not an instant vector or a scalar`,
    );
  return (result as readonly { readonly value: readonly [number, string] }[]).map(({ value }) =>
    sampleOf(value[1]),
  );
}

/** Prometheus writes infinity as `+Inf`, which `Number` would read as NaN. */
function sampleOf(text: string): number {
  return Number(text.replace(/Inf$/, "Infinity"));
}

interface PrometheusAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly resultType: string; readonly result: readonly unknown[] };
}
