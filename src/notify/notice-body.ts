import type { Notice } from "./notice.ts";

export const notifyFormats = ["json", "slack"] as const;
export type NotifyFormat = (typeof notifyFormats)[number];

/** A notice as the receiver reads it. */
export function noticeBody(notice: Notice, format: NotifyFormat): string {
  return JSON.stringify(format === "slack" ? slackMessage(notice) : jsonMessage(notice));
}

/** The shape that Standard Webhooks recommends: what happened, when, and the rest as `data`. */
function jsonMessage({ id: _, at, event, ...data }: Notice): object {
  return { type: `tidefill.${event}`, timestamp: at, data };
}

/** A message for an incoming webhook of Slack; Mattermost and Rocket.Chat read the same. */
function slackMessage({ event, text, remedy, target, database }: Notice): object {
  const place = target ?? database;
  const where = place === null ? "" : ` (${escaped(place)})`;
  const lines = [
    `${signs[event]} ${escaped(text)}${where}`,
    ...(remedy === null ? [] : [`→ ${escaped(remedy)}`]),
  ];
  return { text: lines.join("\n") };
}

const signs: Readonly<Record<Notice["event"], string>> = {
  succeeded: "✅",
  failed: "❌",
  interrupted: "❌",
  stalled: "⚠️",
  "stage-done": "⏸️",
  rejects: "⚠️",
  "dead-letter": "❌",
  "waves-stopped": "❌",
};

/** Slack's three control characters. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
