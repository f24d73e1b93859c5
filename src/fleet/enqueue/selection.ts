import { UsageError } from "../../errors.ts";
import { type Item, ownTarget } from "../queue/item.ts";
import { chooseTargets, namesTargets, type TargetChoice } from "../targets/choose-targets.ts";
import type { NamedTarget } from "../targets/define-targets.ts";

/** What is to be done, and where: the part of an item that does not depend on its target. */
export interface Order extends TargetChoice {
  readonly action: Item["action"];
  readonly job: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly again: boolean;
  /** how many processes work on each target */
  readonly machines: number;
  readonly priority: number;
  readonly code: string | null;
}

/** The targets of an order; the workers' own database where none is named and there is no list. */
export function targetsOf(order: TargetChoice, all: readonly NamedTarget[]): readonly NamedTarget[] {
  if (namesTargets(order)) return chooseTargets(all, order);
  if (all.length === 0 || (all.length === 1 && all[0]?.name === ownTarget))
    return [{ name: ownTarget, url: "" }];
  throw new UsageError("Name the targets: there is a list of them.", {
    remedy: "--target <name>, --targets 'eu-*' or --all-targets",
  });
}

/** The item of an order, without its target. */
export function itemOf(order: Order, request: string): Item {
  const { action, job, parameters, again, priority, code } = order;
  return { request, action, job, target: "", parameters, machine: 1, again, rollout: null, code, priority };
}
