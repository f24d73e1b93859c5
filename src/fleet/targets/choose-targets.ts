import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import type { NamedTarget } from "./define-targets.ts";

/** Which targets a command is about. */
export interface TargetChoice {
  readonly target?: string | undefined;
  /** patterns with `*`, separated by commas: `eu-*,us-1` */
  readonly targets?: string | undefined;
  readonly allTargets?: boolean | undefined;
}

/** Whether a command names targets at all. */
export function namesTargets({ target, targets, allTargets }: TargetChoice): boolean {
  return target !== undefined || targets !== undefined || allTargets === true;
}

/** The chosen targets, in their order. @throws UsageError for an unknown name, or a pattern without a match */
export function chooseTargets(all: readonly NamedTarget[], choice: TargetChoice): readonly NamedTarget[] {
  const { target, targets, allTargets } = choice;
  const given = [target !== undefined, targets !== undefined, allTargets === true].filter(Boolean);
  if (given.length > 1) throw new UsageError("--target, --targets and --all-targets exclude each other.");
  if (all.length === 0)
    throw new UsageError("There are no targets.", { remedy: "Name them in tidefill.targets.ts." });
  if (allTargets === true) return all;
  if (targets !== undefined) return matching(all, targets);
  const found = all.find(({ name }) => name === target);
  if (found !== undefined) return [found];
  const names = all.map(({ name }) => name);
  throw new UsageError(`There is no target "${target}".`, {
    remedy: `${didYouMean(target ?? "", names)}${shown(names)}`,
  });
}

/** Whether a name matches one of the patterns. */
export function matches(patterns: string, name: string): boolean {
  return patterns.split(",").some((pattern) => asExpression(pattern.trim()).test(name));
}

function matching(all: readonly NamedTarget[], patterns: string): readonly NamedTarget[] {
  for (const pattern of patterns.split(","))
    if (!all.some(({ name }) => matches(pattern, name)))
      throw new UsageError(`No target matches "${pattern.trim()}".`, {
        remedy: shown(all.map(({ name }) => name)),
      });
  return all.filter(({ name }) => matches(patterns, name));
}

function asExpression(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`);
}

function shown(names: readonly string[]): string {
  const [few, rest] = [names.slice(0, 10), names.length - 10];
  return `There are: ${few.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`;
}
