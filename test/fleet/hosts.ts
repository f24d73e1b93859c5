import { execFileSync, spawnSync } from "node:child_process";

const prefix = `tf${process.pid % 10_000}`;
const bridge = `${prefix}b`;
const subnet = `10.${60 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;

function ip(...words: readonly string[]): void {
  execFileSync("ip", [...words], { stdio: ["ignore", "ignore", "pipe"] });
}

/** The address at which this machine is reached from its hosts. */
export const home = `${subnet}.1`;

/** Whether network namespaces can be made here: by root, on Linux with iproute2. */
export function canMakeHosts(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const made = spawnSync("ip", ["netns", "add", `${prefix}try`]);
  spawnSync("ip", ["netns", "del", `${prefix}try`]);
  return made.status === 0;
}

/** Machines of a fleet as network namespaces of this one, each with a cable that can be pulled. */
export class Hosts {
  readonly names: readonly string[];

  constructor(count: number) {
    this.names = Array.from({ length: count }, (_, at) => `${prefix}w${at + 1}`);
  }

  start(): void {
    ip("link", "add", bridge, "type", "bridge");
    ip("addr", "add", `${home}/24`, "dev", bridge);
    ip("link", "set", bridge, "up");
    for (const [at, name] of this.names.entries()) {
      ip("netns", "add", name);
      ip("link", "add", `${name}h`, "type", "veth", "peer", "name", "eth0", "netns", name);
      ip("link", "set", `${name}h`, "master", bridge, "up");
      ip("-n", name, "addr", "add", `${subnet}.${at + 2}/24`, "dev", "eth0");
      ip("-n", name, "link", "set", "eth0", "up");
      ip("-n", name, "link", "set", "lo", "up");
    }
  }

  /** The words that start a program on a host. */
  on(name: string): readonly string[] {
    return ["ip", "netns", "exec", name];
  }

  /** Kills every process of a host at once, as when its power fails. */
  kill(name: string): void {
    const { stdout } = spawnSync("ip", ["netns", "pids", name]);
    for (const pid of stdout.toString().trim().split(/\s+/).filter(Boolean)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
  }

  unplug(name: string): void {
    ip("link", "set", `${name}h`, "down");
  }

  plugIn(name: string): void {
    ip("link", "set", `${name}h`, "up");
  }

  stop(): void {
    for (const name of this.names) {
      this.kill(name);
      spawnSync("ip", ["netns", "del", name]);
      spawnSync("ip", ["link", "del", `${name}h`]);
    }
    spawnSync("ip", ["link", "del", bridge]);
  }
}
