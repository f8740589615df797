/**
 * Events of devices as conditions (OPC 10000-9): one AcknowledgeableCondition for each name of an event of a device. An
 * event makes it unacknowledged, also over a restart, until an operator acknowledges it. What happened before the server
 * was first started is no alarm.
 */
import { MoteError } from '../../../../base/index.ts';
import type { DecodedEvent } from '../../../model/index.ts';
import { canonicalJson, readSetting, type SiteStore, writeSetting } from '../../../store/index.ts';
import type { AddressSpace, UaObject } from './types.ts';

export const MAX_CONDITIONS = 1000;
const MAX_MESSAGE = 1000;
/** Of events that don't have one: the middle of OPC 10000-5, 6.4.2. */
const SEVERITY = 500;
const SINCE = 'opcua-alarms-since';
const FRONT = 'opcua-acked/';

type Namespace = ReturnType<AddressSpace['getOwnNamespace']>;
type Condition = ReturnType<Namespace['instantiateAcknowledgeableCondition']>;

interface Alarm {
  readonly condition: Condition;
  timeUs: number;
}

interface AlarmsSeam {
  readonly store: SiteStore;
  /** The object of the device; undefined if there is no room for it. */
  deviceOf(name: string): UaObject | undefined;
  nowUs(): number;
  onProblem(error: MoteError): void;
}

export class Alarms {
  readonly #own: Namespace;
  readonly #seam: AlarmsSeam;
  readonly #alarms = new Map<string, Alarm>();
  /** Times of the newest acknowledged events. */
  readonly #acked = new Map<string, number>();
  #sinceUs = Number.POSITIVE_INFINITY;
  #left = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(address: AddressSpace, seam: AlarmsSeam) {
    this.#own = address.getOwnNamespace();
    this.#seam = seam;
  }

  get counts(): { readonly conditions: number; readonly unacknowledged: number; readonly left: number } {
    const unacknowledged = [...this.#alarms.values()].filter(({ condition }) => !isAcked(condition)).length;
    return { conditions: this.#alarms.size, unacknowledged, left: this.#left };
  }

  /** Reads which events are acknowledged, and raises those that aren't. */
  async open(): Promise<void> {
    const { registry, telemetry } = this.#seam.store;
    const since = await readSetting(registry, SINCE);
    this.#sinceUs = since === undefined ? this.#seam.nowUs() : Number(since);
    if (since === undefined) await writeSetting(registry, SINCE, String(this.#sinceUs));
    const acked = 'SELECT key, value FROM settings WHERE key >= $1 AND key < $2';
    for (const { key, value } of await registry.query(acked, [FRONT, 'opcua-acked0']))
      this.#acked.set(String(key).slice(FRONT.length), Number(value));
    const text = `SELECT e.device, e.name, e.t, e.body FROM events e JOIN
      (SELECT device, name, max(t) AS t FROM events WHERE t >= $1 GROUP BY device, name) last
      ON e.device = last.device AND e.name = last.name AND e.t = last.t ORDER BY e.t DESC LIMIT ${MAX_CONDITIONS}`;
    const rows = await telemetry.query(text, [this.#sinceUs]);
    for (const { device, name, t, body } of rows.reverse())
      this.#raise(String(device), String(name), Number(t), String(body));
  }

  see({ device, name, timeUs, body }: DecodedEvent): void {
    this.#raise(device, name, timeUs, canonicalJson(body));
  }

  #raise(device: string, name: string, timeUs: number, body: string): void {
    const key = JSON.stringify([device, name]);
    const known = this.#alarms.get(key);
    if (timeUs < this.#sinceUs || timeUs <= Math.max(known?.timeUs ?? -1, this.#acked.get(key) ?? -1)) return;
    const alarm = known ?? this.#add(key, device, name);
    if (alarm === undefined) return;
    alarm.timeUs = timeUs;
    const { condition } = alarm;
    condition.currentBranch().setAckedState(false);
    condition.raiseNewCondition({
      message: `${name}: ${body}`.slice(0, MAX_MESSAGE),
      severity: severityOf(body),
      retain: true,
      time: new Date(timeUs / 1000),
      receiveTime: new Date(this.#seam.nowUs() / 1000),
    });
  }

  #add(key: string, device: string, name: string): Alarm | undefined {
    if (this.#alarms.size >= MAX_CONDITIONS && !this.#dropAcked()) {
      this.#left++;
      return undefined;
    }
    const source = this.#seam.deviceOf(device);
    if (source === undefined) {
      this.#left++;
      return undefined;
    }
    const condition = this.#own.instantiateAcknowledgeableCondition('AcknowledgeableConditionType', {
      nodeId: `ns=${this.#own.index};s=condition/${encodeURIComponent(device)}/${encodeURIComponent(name)}`,
      browseName: { namespaceIndex: this.#own.index, name },
      conditionName: name,
      componentOf: source,
      conditionSource: source,
    } as unknown as Parameters<Namespace['instantiateAcknowledgeableCondition']>[1]);
    // It would be the browse name with the index of its namespace.
    condition.sourceName.setValueFromSource({ dataType: 'String', value: device });
    const alarm = { condition, timeUs: -1 };
    this.#alarms.set(key, alarm);
    condition.on('acknowledged', () => this.#acknowledged(key, alarm.timeUs));
    return alarm;
  }

  /** The one that is acknowledged longest makes room. */
  #dropAcked(): boolean {
    for (const [key, { condition }] of this.#alarms) {
      if (!isAcked(condition)) continue;
      this.#alarms.delete(key);
      this.#own.deleteNode(condition);
      return true;
    }
    return false;
  }

  #acknowledged(key: string, timeUs: number): void {
    this.#acked.set(key, timeUs);
    this.#writing = this.#writing
      .then(() => writeSetting(this.#seam.store.registry, FRONT + key, String(timeUs)))
      .catch((cause: Error) => {
        const what = `An alarm was acknowledged, and that could not be stored: ${cause.message}`;
        this.#seam.onProblem(new MoteError('STORE_SQL', `${what}. It comes again after a restart.`, { cause }));
      });
  }

  async close(): Promise<void> {
    await this.#writing;
  }
}

const isAcked = (condition: Condition): boolean => condition.currentBranch().getAckedState();

/** `severity` of the body, 1 to 1000. */
function severityOf(body: string): number {
  const found = /"severity":(\d{1,4})[,}]/.exec(body);
  const severity = Number(found?.[1] ?? SEVERITY);
  return severity >= 1 && severity <= 1000 ? severity : SEVERITY;
}
