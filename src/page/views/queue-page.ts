import { html } from "hono/html";
import {
  deadLetterRemedy,
  describeWaves,
  itemCells,
  itemHeading,
  mostShown,
  noWorkerRemedy,
  queueHead,
  readQueue,
} from "../../describe/describe-queue.ts";
import { formatBytes, formatSeconds } from "../../observe/format.ts";
import { tableOf, withCommands } from "./parts.ts";
import type { Html, View, ViewContext } from "./view.ts";

/** `/queue`: the items of the fleet, waves, and the machines. */
export async function queuePage(context: ViewContext): Promise<View> {
  const title = "Queue";
  const queue = await context.queue();
  if (queue === null)
    return {
      title,
      body: html`<h1>Queue</h1><p>There is no queue here. <code>TIDEFILL_QUEUE_URL</code> says where one is; docs/fleet.md tells what it is for.</p>`,
    };
  const read = await context.look.read("queue", () => readQueue(queue));
  const { items, waves, depth, workers } = read;
  const hidden =
    depth.running + depth.waiting + depth.deferred + depth.dead - Math.min(items.length, mostShown);
  const body = html`<h1>Queue</h1>
<p class="lead" role="status">${queueHead(read)}</p>
${workers.length === 0 && depth.waiting > 0 ? html`<p class="remedy">→ ${withCommands(noWorkerRemedy)}</p>` : ""}
${waves.length === 0 ? "" : html`<section><h2>Waves</h2><ul>${waves.map((each) => html`<li>${describeWaves(each)}</li>`)}</ul></section>`}
<section><h2>Items</h2>${items.length === 0 ? html`<p>None waits, runs or is dead.</p>` : tableOf("Items", itemHeading, items.slice(0, mostShown).map(itemCells))}
${hidden > 0 ? html`<p class="note">and ${String(hidden)} more</p>` : ""}
${depth.dead > 0 ? html`<p class="remedy">→ ${withCommands(deadLetterRemedy)}</p>` : ""}</section>
${machinesOf(workers)}`;
  return { title, body };
}

function machinesOf(workers: Awaited<ReturnType<typeof readQueue>>["workers"]): Html {
  if (workers.length === 0) return html``;
  const age = (iso: string): string =>
    formatSeconds(Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1_000)));
  const rows = workers.map(({ host, pid, since, heardAt, memoryBytes, delayMs }) => [
    host,
    String(pid),
    age(since),
    `${age(heardAt)} ago`,
    memoryBytes === null ? "–" : formatBytes(memoryBytes),
    delayMs === null ? "–" : `${delayMs.toFixed(0)} ms`,
  ]);
  return html`<section><h2>Machines</h2>${tableOf("Workers of the fleet", ["HOST", "PROCESS", "FOR", "HEARD", "MEMORY", "EVENT LOOP DELAY"], rows)}</section>`;
}
