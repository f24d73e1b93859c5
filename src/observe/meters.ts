import type { metricNames } from "./metric-names.ts";

type Name = (typeof metricNames)[number]["name"];
type Labels = Readonly<Record<string, string>>;

/** The metrics of a process, each by its name. */
export interface Meters {
  counter(name: Name): { inc(labels: Labels, by?: number): void };
  gauge(name: Name): {
    set(labels: Labels, value: number): void;
    remove(labels: Labels): void;
    /** removes all its series */
    reset(): void;
  };
  histogram(name: Name): { observe(labels: Labels, value: number): void; zero(labels: Labels): void };
}
