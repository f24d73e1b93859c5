/** Seconds in a reason: `0.4 s`, `7.2 s`, `43 s`, `12 min`, `5 h 12 min`. */
export function inSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

/** A moment in a reason: `2026-11-26 22:00 UTC`. */
export function inMinutes(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Bytes in a reason, in powers of two as PostgreSQL's settings have them: `512 kB`, `1.5 GB`. */
export function inBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1_024 ** power;
  return `${amount >= 9.95 || power === 0 ? Math.round(amount) : amount.toFixed(1).replace(/\.0$/, "")} ${units[power]}`;
}

/** A measure and its limit: `7.2 s > 5 s`, or `3 s of at most 5 s` where a run slows down below the limit. */
export function against(
  measure: number,
  limit: number,
  text: (value: number) => string = (value) => String(Math.round(value)),
): string {
  return `${text(measure)} ${measure >= limit ? ">" : "of at most"} ${text(limit)}`;
}
