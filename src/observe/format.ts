/** 1234567 as `1,234,567`. */
export function formatCount(count: number): string {
  // `toLocaleString` would load the tables of all languages, for a tenth of the time of a short command.
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Seconds as people say them: `0.4 s`, `42 s`, `3 min 20 s`, `5 h 12 min`, `2 d 3 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const first = units.findIndex(([, size]) => whole >= size);
  const [unit, size] = units[first] ?? units[3];
  const [smallerUnit, smaller] = units[first + 1] ?? units[3];
  const rest = Math.floor((whole % size) / smaller);
  return rest === 0
    ? `${Math.floor(whole / size)} ${unit}`
    : `${Math.floor(whole / size)} ${unit} ${rest} ${smallerUnit}`;
}

/** `6 min to 8 min`, or one of them where they are the same. */
export function formatInterval([low, high]: readonly [number, number]): string {
  const [from, to] = [formatSeconds(low), formatSeconds(high)];
  return from === to ? from : `${from} to ${to}`;
}

/** 0.4567 as `45.6 %`; never rounded up to a hundred. */
export function formatPercent(ratio: number): string {
  return `${(Math.floor(ratio * 1_000) / 10).toFixed(1).replace(/\.0$/, "")} %`;
}

/** `120 MB to 450 MB`; one figure where both ends read the same. */
export function formatBytesInterval({ low, high }: { readonly low: number; readonly high: number }): string {
  const [from, to] = [formatBytes(low), formatBytes(high)];
  return from === to ? to : `${from} to ${to}`;
}

/** `1.5 MB`: bytes in powers of ten. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
