import uPlot from "uplot";

/** A sample as `history.json` has it. */
interface Sample {
  readonly at: string;
  /** no process was at work before it: the line has a gap */
  readonly wasAway: boolean;
  readonly rowsPerSecond: number;
  readonly lagSeconds: number | null;
  readonly walBytesPerSecond: number | null;
  readonly batch: {
    readonly read: number;
    readonly transform: number;
    readonly write: number;
    readonly commit: number;
  } | null;
}

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly valueOf: (sample: Sample) => number | null;
}

const phases = ["read", "transform", "write", "commit"] as const;

const charts: Readonly<Record<string, readonly Line[]>> = {
  speed: [{ label: "rows/s", colour: "--line-1", valueOf: ({ rowsPerSecond }) => rowsPerSecond }],
  batch: phases.map((phase, place) => ({
    label: phase,
    colour: `--line-${place + 1}`,
    valueOf: ({ batch }) => (batch === null ? null : batch[phase] * 1_000),
  })),
  lag: [{ label: "seconds", colour: "--line-1", valueOf: ({ lagSeconds }) => lagSeconds }],
  wal: [
    {
      label: "MB/s",
      colour: "--line-1",
      valueOf: ({ walBytesPerSecond: bytes }) => (bytes === null ? null : bytes / 1e6),
    },
  ],
};

const drawn = new WeakMap<Element, uPlot>();
let stamp = "";
let samples: readonly Sample[] = [];

/** Draws the charts of the page again where there is a newer sample. */
export async function drawCharts(): Promise<void> {
  const box = document.querySelector<HTMLElement>(".charts");
  const source = box?.dataset.source;
  if (box === null || source === undefined) return;
  const wanted = `${source} ${box.dataset.stamp}`;
  if (wanted !== stamp) {
    const response = await fetch(source);
    if (!response.ok) return;
    samples = ((await response.json()) as { readonly samples: readonly Sample[] }).samples;
    stamp = wanted;
  }
  for (const figure of box.querySelectorAll<HTMLElement>(".chart")) draw(figure);
}

function draw(figure: HTMLElement): void {
  const plot = figure.querySelector<HTMLElement>(".plot");
  const lines = charts[figure.dataset.chart ?? ""];
  if (plot === null || lines === undefined) return;
  const data = dataOf(lines);
  const known = drawn.get(plot);
  if (known !== undefined) {
    known.setData(data);
    showLast(known);
    return;
  }
  const chart = new uPlot(optionsFor(lines, plot), data, plot);
  drawn.set(plot, chart);
  showLast(chart);
}

/** Without a pointer over it, the legend says the newest values. */
function showLast(chart: uPlot): void {
  const last = (chart.data[0]?.length ?? 0) - 1;
  if (last >= 0 && chart.cursor.idx == null) chart.setLegend({ idx: last });
}

function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const times: number[] = [];
  const values: (number | null)[][] = lines.map(() => []);
  for (const sample of samples) {
    const at = Date.parse(sample.at) / 1_000;
    const before = times.at(-1);
    if (before !== undefined && sample.wasAway) {
      times.push((before + at) / 2);
      for (const line of values) line.push(null);
    }
    times.push(at);
    for (const [place, line] of lines.entries()) values[place]?.push(line.valueOf(sample));
  }
  return [times, ...values] as uPlot.AlignedData;
}

function optionsFor(lines: readonly Line[], plot: HTMLElement): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--edge"), width: 1 },
    ticks: { stroke: colour("--edge"), width: 1 },
  };
  return {
    width: Math.max(280, plot.clientWidth),
    height: 180,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"),
    scales: { y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.1] } },
    series: [
      {
        label: "UTC",
        value: (_, seconds) =>
          seconds === null ? "–" : new Date(seconds * 1_000).toISOString().slice(0, 19),
      },
      ...lines.map(({ label, colour: name }) => ({
        label,
        stroke: colour(name),
        width: 2,
        points: { show: false },
        value: (_: uPlot, value: number | null) =>
          value === null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 1 }),
      })),
    ],
    axes: [
      { ...axis, space: 90, values: timesOf },
      { ...axis, size: 64, space: 30 },
    ],
  };
}

/** Times of a day in UTC with 24 hours; a mark that begins a day has its date. */
function timesOf(_: uPlot, marks: readonly number[]): string[] {
  const [first = 0, second = 0] = marks;
  const length = second - first < 60 ? 8 : 5;
  return marks.map((seconds) => {
    const iso = new Date(seconds * 1_000).toISOString();
    return seconds % 86_400 === 0 ? iso.slice(5, 10) : iso.slice(11, 11 + length);
  });
}

/** A chart has the width of its place, and the colours of the scheme. */
function redraw(): void {
  for (const plot of document.querySelectorAll<HTMLElement>(".plot")) {
    drawn.get(plot)?.destroy();
    drawn.delete(plot);
  }
  void drawCharts();
}

let resizing = 0;
window.addEventListener("resize", () => {
  window.clearTimeout(resizing);
  resizing = window.setTimeout(redraw, 200);
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
