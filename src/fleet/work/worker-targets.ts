import type { Address } from "../../postgres/connection/create-pool.ts";
import { ownTarget } from "../queue/item.ts";
import { chooseTargets, matches } from "../targets/choose-targets.ts";
import { groupOf, type NamedTarget, type Targets } from "../targets/define-targets.ts";
import { type TargetAddress, targetAddress } from "../targets/target-address.ts";

/** How long the list of targets is used before it is read again: tenants come and go. */
const readAgainMs = 30_000;

/** What a worker may take from the queue. */
interface Limits {
  readonly atOncePerGroup: number | null;
  /** groups without a target that this worker serves */
  readonly ignoredGroups: readonly string[];
}

/** The targets of the fleet, as one worker sees them. */
export class WorkerTargets {
  readonly #targets: Targets | null;
  readonly #own: Address & { readonly schema: string };
  readonly #patterns: string | undefined;
  #read: { readonly at: number; readonly all: readonly NamedTarget[] } | null = null;

  /** `own` is the address of the worker itself, the target of a fleet without a list; `patterns` as in `--targets`. */
  constructor(
    targets: Targets | null,
    own: Address & { readonly schema: string },
    patterns: string | undefined,
  ) {
    this.#targets = targets;
    this.#own = own;
    this.#patterns = patterns;
  }

  /** All targets, in their order; the worker's own database where there is no list. */
  async all(): Promise<readonly NamedTarget[]> {
    if (this.#targets === null) return [{ name: ownTarget, url: "" }];
    const now = performance.now();
    if (this.#read === null || now - this.#read.at > readAgainMs)
      this.#read = { at: now, all: await this.#targets.all() };
    return this.#read.all;
  }

  /** @throws UsageError when no target matches the worker's own patterns */
  async requireMatches(): Promise<void> {
    if (this.#patterns !== undefined) chooseTargets(await this.all(), { targets: this.#patterns });
  }

  serves(target: string): boolean {
    return this.#patterns === undefined || matches(this.#patterns, target);
  }

  /** How to reach a target; null where this worker does not know it. @throws UsageError without its address */
  async find(
    name: string,
  ): Promise<(Address & TargetAddress) | (Address & { readonly schema: string }) | null> {
    const found = this.#targets === null ? undefined : (await this.all()).find((each) => each.name === name);
    if (found !== undefined) return targetAddress(found, this.#own.schema);
    return name === ownTarget ? this.#own : null;
  }

  async limits(): Promise<Limits> {
    const all = this.#patterns === undefined ? [] : await this.all();
    const served = new Set(all.filter(({ name }) => this.serves(name)).map(groupOf));
    const ignoredGroups = [...new Set(all.map(groupOf))].filter((group) => !served.has(group));
    return { atOncePerGroup: this.#targets?.atOncePerGroup ?? null, ignoredGroups };
  }
}
