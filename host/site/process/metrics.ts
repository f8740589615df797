/** What a site counts, in the text format of Prometheus. */
import type { Gauge, Registry } from 'prom-client';
import { optional } from '../../base/index.ts';
import type { CameraStatus } from '../bridges/camera/index.ts';
import type { SourceStatus as ModbusConnection } from '../bridges/modbus/index.ts';
import type { ServerStatus, SourceStatus } from '../bridges/opcua/index.ts';
import type { EdgeStatus, HostStatus } from '../bridges/sparkplug/index.ts';
import type { HttpCounts } from './http-keys.ts';
import type { SiteStatus } from './status.ts';

/** Returns the function that writes all metrics as they are at the call. */
export async function metricsOf(status: () => SiteStatus): Promise<{ type: string; text(): Promise<string> }> {
  const prom = await optional('prom-client', () => import('prom-client'));
  const registry: Registry = new prom.Registry();
  // Once for all metrics of an answer.
  let now = status();
  prom.collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: (now: SiteStatus, set: Gauge) => void, labelNames: string[] = []) =>
    new prom.Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        read(now, this);
      },
    });
  const counter = (name: string, help: string, read: (now: SiteStatus) => number) =>
    new prom.Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(now));
      },
    });
  counter('mote_site_messages_total', 'Messages that are in the store', ({ ingest }) => ingest.applied);
  counter('mote_site_points_total', 'Points that were stored', ({ ingest }) => ingest.points);
  counter('mote_site_events_total', 'Events that were stored', ({ ingest }) => ingest.events);
  counter('mote_site_repeated_messages_total', 'Messages that came again', ({ ingest }) => ingest.repeated);
  counter('mote_site_batches_total', 'Transactions of the telemetry store', ({ ingest }) => ingest.batches);
  counter('mote_site_full_total', 'Messages that were refused because too many waited', ({ ingest }) => ingest.refused);
  counter('mote_site_unstorable_total', 'Messages that no store takes', ({ unstorable }) => unstorable);
  counter('mote_site_uns_published_total', 'Messages of the unified namespace', ({ uns }) => uns?.published ?? 0);
  counter('mote_site_files_done_total', 'Files that were stored', ({ files }) => files?.done ?? 0);
  counter('mote_site_files_failed_total', 'Files that can not be read', ({ files }) => files?.failed ?? 0);
  counter('mote_site_uns_dropped_total', 'Such messages that were dropped', ({ uns }) => uns?.dropped ?? 0);
  gauge('mote_site_series', 'Series that are known', ({ ingest }, set) => set.set(ingest.series));
  gauge('mote_site_journal_messages', 'Messages in the journal and not in the store', ({ ingest }, set) =>
    set.set(ingest.waiting.messages),
  );
  gauge('mote_site_journal_bytes', 'Their bytes', ({ ingest }, set) => set.set(ingest.waiting.bytes));
  gauge('mote_site_ready', '1 if the site takes and stores messages', ({ ready }, set) => set.set(ready ? 1 : 0));
  gauge('mote_site_broker_online', '1 if the broker is connected', ({ broker }, set) => set.set(broker.online ? 1 : 0));
  gauge(
    'mote_site_nodes',
    'Nodes that were seen since the start',
    ({ nodes: { online, known } }, set) => {
      set.set({ state: 'online' }, online);
      set.set({ state: 'offline' }, known - online);
    },
    ['state'],
  );
  new prom.Counter({
    name: 'mote_site_raw_only_total',
    help: 'Messages of which no points were made, by the code of the reason',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, count] of now.ingest.rejectedBy) this.inc({ code }, count);
    },
  });
  new prom.Counter({
    name: 'mote_site_refused_total',
    help: 'Values and times that a decoder refused, by reason (docs/decoders.md)',
    labelNames: ['decoder', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { decoder, counts } of now.refused)
        for (const [reason, count] of Object.entries(counts)) this.inc({ decoder, reason }, count);
    },
  });
  const byKey = (name: string, help: string, read: (counts: HttpCounts) => number) =>
    new prom.Counter({
      name,
      help,
      labelNames: ['key'],
      registers: [registry],
      collect() {
        this.reset();
        for (const counts of now.http) this.inc({ key: counts.key }, read(counts));
      },
    });
  byKey('mote_site_http_messages_total', 'Messages that came by HTTP, by key', ({ messages }) => messages);
  byKey('mote_site_http_bytes_total', 'Their bytes', ({ bytes }) => bytes);
  new prom.Counter({
    name: 'mote_site_http_refused_total',
    help: 'Requests with messages that were refused, by key and reason (docs/site.md)',
    labelNames: ['key', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { key, refused } of now.http)
        for (const [reason, count] of Object.entries(refused)) this.inc({ key, reason }, count);
    },
  });
  const byConnection = (name: string, help: string, read: (connection: SourceStatus) => number) =>
    gauge(
      name,
      help,
      ({ opcua }, set) => {
        set.reset();
        for (const one of opcua?.connections ?? []) set.set({ connection: one.name }, read(one));
      },
      ['connection'],
    );
  byConnection('mote_site_opcua_online', '1 if an OPC UA server is connected', ({ online }) => (online ? 1 : 0));
  byConnection('mote_site_opcua_values', 'Values of it since the start', ({ values }) => values);
  byConnection('mote_site_opcua_dropped', 'Those for which there was no room', ({ dropped }) => dropped);
  const byDevice = (name: string, help: string, read: (connection: ModbusConnection) => number) =>
    gauge(
      name,
      help,
      ({ modbus }, set) => {
        set.reset();
        for (const one of modbus?.connections ?? []) set.set({ connection: one.name }, read(one));
      },
      ['connection'],
    );
  byDevice('mote_site_modbus_online', '1 if a Modbus device answers', ({ online }) => (online ? 1 : 0));
  byDevice('mote_site_modbus_away', 'Units behind it that do not', ({ away }) => away.length);
  byDevice('mote_site_modbus_requests', 'Requests since the start', ({ requests }) => requests);
  byDevice('mote_site_modbus_values', 'Values that were stored', ({ values }) => values);
  byDevice('mote_site_modbus_dropped', 'Those for which there was no room', ({ dropped }) => dropped);
  byDevice('mote_site_modbus_late', 'Polls for which the device was too slow', ({ late }) => late);
  new prom.Counter({
    name: 'mote_site_modbus_failed_total',
    help: 'Requests without values, by reason (docs/modbus.md)',
    labelNames: ['connection', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: connection, failed } of now.modbus?.connections ?? [])
        for (const [reason, count] of Object.entries(failed)) this.inc({ connection, reason }, count);
    },
  });
  const ofEdge = (name: string, help: string, read: (edge: EdgeStatus) => number) =>
    gauge(name, help, ({ sparkplug }, set) => set.set(sparkplug === null ? 0 : read(sparkplug)));
  ofEdge('mote_site_sparkplug_born', '1 if the birth of the edge node is in force', ({ born }) => (born ? 1 : 0));
  ofEdge('mote_site_sparkplug_devices', 'Devices of the edge node', ({ devices }) => devices);
  ofEdge('mote_site_sparkplug_births', 'Births of it since the start', ({ births }) => births);
  ofEdge('mote_site_sparkplug_published', 'Messages of it', ({ published }) => published);
  ofEdge('mote_site_sparkplug_waiting', 'Values that wait for broker or primary host', ({ waiting }) => waiting);
  ofEdge('mote_site_sparkplug_dropped', 'Values for which there was no room', ({ dropped }) => dropped);
  const ofHost = (name: string, help: string, read: (host: HostStatus) => number) =>
    gauge(name, help, ({ sparkplugHost }, set) => set.set(sparkplugHost === null ? 0 : read(sparkplugHost)));
  ofHost('mote_site_sparkplug_host_online', '1 if its state as a host is online', ({ online }) => (online ? 1 : 0));
  ofHost('mote_site_sparkplug_host_gaps', 'Messages of edge nodes that were missed', ({ gaps }) => gaps);
  ofHost('mote_site_sparkplug_host_asked', 'Requests for births', ({ asked }) => asked);
  const ofServer = (name: string, help: string, read: (server: ServerStatus) => number) =>
    gauge(`mote_site_opcua_server_${name}`, help, ({ opcua }, set) =>
      set.set(opcua?.server == null ? 0 : read(opcua.server)),
    );
  ofServer('sessions', 'Sessions of OPC UA clients', ({ sessions }) => sessions);
  ofServer('subscriptions', 'Their subscriptions', ({ subscriptions }) => subscriptions);
  ofServer('refused', 'Sessions that were refused since the start', ({ refused }) => refused);
  ofServer('points', 'Variables of points', ({ points }) => points);
  ofServer('alarms', 'Alarms that wait for an acknowledgement', ({ alarms }) => alarms);
  ofServer('left', 'Devices, points and alarms for which there is no room', ({ left }) => left);
  const byCamera = (name: string, help: string, read: (camera: CameraStatus) => number) =>
    gauge(
      name,
      help,
      ({ cameras }, set) => {
        set.reset();
        for (const one of cameras) set.set({ camera: one.name }, read(one));
      },
      ['camera'],
    );
  byCamera('mote_site_camera_online', '1 if pictures of a camera come', ({ state }) => (state === 'online' ? 1 : 0));
  byCamera('mote_site_camera_pictures', 'Pictures that its model got since the start', ({ pictures }) => pictures);
  byCamera('mote_site_camera_events', 'Events since the start', ({ events }) => events);
  byCamera('mote_site_camera_dropped', 'Values for which there was no room', ({ dropped }) => dropped);
  byCamera('mote_site_camera_clips', 'Clips on disk', ({ clips }) => clips);
  byCamera('mote_site_camera_clip_bytes', 'Their bytes', ({ bytes }) => bytes);
  byCamera('mote_site_camera_deleted', 'Clips that were deleted since the start', ({ deleted }) => deleted);
  return {
    type: registry.contentType,
    text() {
      now = status();
      return registry.metrics();
    },
  };
}
