import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** A row of panels under its title. */
export type PanelRow = readonly [title: string, panels: readonly Builder<Panel>[]];

interface DashboardParts {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Builder<VariableModel>[];
  readonly annotations: readonly AnnotationQueryBuilder[];
  readonly rows: readonly PanelRow[];
}

/** A dashboard as Grafana imports it; equal at every call. It links to the other one, which keeps what was picked. */
export function assemble(parts: DashboardParts): Dashboard {
  const builder = new DashboardBuilder(parts.title)
    .uid(parts.uid)
    .description(parts.description)
    .tags(["tidefill", "postgresql"])
    .timezone("browser")
    .time({ from: "now-30m", to: "now" })
    .refresh("10s")
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder("tidefill")
        .type(DashboardLinkType.Dashboards)
        .tags(["tidefill"])
        .keepTime(true)
        .includeVars(true),
    )
    .variables([...parts.variables])
    .annotations([...parts.annotations]);
  let id = 0;
  for (const [title, panels] of parts.rows) {
    builder.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(numbered(panel, ++id));
  }
  return builder.build();
}

/** A fixed id for each panel and letters for its queries, so that links to a panel survive a rebuild. */
function numbered(panel: Builder<Panel>, id: number): Builder<Panel> {
  const built = panel.build();
  const targets = (built.targets ?? []).map((target, index) => ({
    ...target,
    refId: String.fromCharCode("A".charCodeAt(0) + index),
  }));
  return { build: () => ({ ...built, id, targets }) };
}
