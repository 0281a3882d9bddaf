// Holds dashboards against the types in @grafana/schema with the TypeScript compiler. In: { name: dashboard };
// out: { name: what does not fit }, for those that do not.
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const room = process.argv[2];
const ts = createRequire(room + '/package.json')('typescript');

// The plugins of ours whose options and fields are published, by the name of their file.
const published = {
  stat: ['stat', 'StatPanelCfg', false],
  timeseries: ['timeseries', 'TimeSeriesPanelCfg', true],
  bargauge: ['bargauge', 'BarGaugePanelCfg', false],
  table: ['table', 'TablePanelCfg', true],
  heatmap: ['heatmap', 'HeatmapPanelCfg', true],
  'state-timeline': ['statetimeline', 'StateTimelinePanelCfg', true],
  logs: ['logs', 'LogsPanelCfg', false],
  gauge: ['gauge', 'GaugePanelCfg', false],
  text: ['text', 'TextPanelCfg', false],
  nodeGraph: ['nodegraph', 'NodeGraphPanelCfg', false],
};

const place = '@grafana/schema/dist/types/raw/composable';
const imports = Object.values(published).map(([folder, file, hasFields]) =>
  `import type { Options as ${file}Options${hasFields ? `, FieldConfig as ${file}Fields` : ''} } from '${place}/${folder}/panelcfg/x/${file}_types.gen';`);

const head = `
import type * as g from '@grafana/schema';
import type { AnnotationTarget } from '@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen';
import type { LokiDataQuery } from '${place}/loki/dataquery/x/LokiDataQuery_types.gen';
import type { TempoQuery } from '${place}/tempo/dataquery/x/TempoDataQuery_types.gen';
import type { GrafanaPyroscopeDataQuery } from '${place}/grafanapyroscope/dataquery/x/GrafanaPyroscopeDataQuery_types.gen';
${imports.join('\n')}
// JSON has no enumerations: a text stands for the member that has it.
type Json<T> = T extends string ? \`\${T}\` : T extends (infer I)[] ? Json<I>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
// Prometheus' queries are not in the package: these are the fields that its documentation names.
interface PromQuery { refId: string; datasource?: g.DataSourceRef; expr: string; legendFormat?: string; format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean; range?: boolean; exemplar?: boolean; editorMode?: 'code' | 'builder'; interval?: string }
type Query = PromQuery | Json<LokiDataQuery> | Json<TempoQuery> | Json<GrafanaPyroscopeDataQuery>;
interface Shown<O, F> extends Json<Omit<g.Panel, 'options' | 'fieldConfig' | 'targets'>> {
  options: Json<O>;
  fieldConfig: { defaults: Json<Omit<g.FieldConfig, 'custom'>> & { custom?: Json<F> }; overrides: Json<g.FieldConfigSource['overrides']> };
  targets: Query[];
}
// What is left of alerts' own words is not in the type, but is what the Prometheus plugin reads.
interface Annotation extends Json<Omit<g.AnnotationQuery, 'target'>> { target: Json<AnnotationTarget> | PromQuery; titleFormat?: string; textFormat?: string; tagKeys?: string }
interface Board extends Json<Omit<g.Dashboard, 'panels' | 'annotations'>> { annotations: { list: Annotation[] } }
`;

const lines = [head];
const boards = JSON.parse(readFileSync(0, 'utf8'));
let at = 0;
const starts = [];
for (const [name, board] of Object.entries(boards)) {
  const { panels, ...rest } = board;
  starts.push([lines.join('\n').length, name]);
  lines.push(`export const b${at++}: Board = ${JSON.stringify(rest)};`);
  for (const panel of panels) {
    const [, file, hasFields] = published[panel.type] ?? [];
    const type = panel.type === 'row' ? 'Json<g.RowPanel>'
      : `Shown<${file ? file + 'Options' : 'Record<string, never>'}, ${hasFields ? file + 'Fields' : 'Record<string, never>'}>`;
    lines.push(`export const b${at++}: ${type} = ${JSON.stringify(panel)};`);
  }
}
const text = lines.join('\n');
const name = path.join(room, 'dashboards.ts');
const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 };
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists } = host;
host.getSourceFile = (file, ...more) => file === name ? ts.createSourceFile(file, text, options.target) : getSourceFile(file, ...more);
host.fileExists = (file) => file === name || fileExists(file);
const program = ts.createProgram([name], options, host);
const said = {};
for (const one of ts.getPreEmitDiagnostics(program)) {
  const ours = one.file?.fileName === name;
  const whose = ours ? starts.findLast(([start]) => start <= one.start)?.[1] ?? 'the script' : 'the package';
  const line = ours ? text.slice(0, one.start).split('\n').pop().slice(0, 200) : '';
  (said[whose] ??= []).push(`${ts.flattenDiagnosticMessageText(one.messageText, ' ')} (${line})`);
}
process.stdout.write(JSON.stringify(said));
