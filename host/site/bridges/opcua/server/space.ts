/**
 * The address space of a site: assets as objects with a type for each level, devices, and their points as variables.
 *
 *     Objects
 *       Assets    Plant (EnterpriseType) > Press hall (AreaType) > Press 7 (MachineType)
 *       Devices   press-7 (DeviceType) > temperature (BaseAnalogType)
 *
 * An asset organizes the devices that are placed there now. A node id holds what names the thing, so it is the same after
 * a restart.
 */
import { type AssetLevel, LEVELS, type PointRun } from '../../../model/index.ts';
import type { AddressSpace, Library, Namespace, UaObject, UaObjectType, UaVariable } from './types.ts';
import { dataValueOf, engineeringUnit, numberOf } from './values.ts';

export const MAX_ASSETS = 20_000;
export const MAX_DEVICES = 10_000;
export const MAX_POINTS = 50_000;
/** Nodes that are made at once: each takes up to half a millisecond, in which the site does nothing else. */
export const PORTION = 500;
/** The types, whose meaning is the same at every site. */
export const TYPES_URI = 'urn:moteware:site:types';

export interface Point {
  readonly device: string;
  readonly name: string;
  readonly variable: UaVariable;
  unit: string;
  units: UaVariable | undefined;
  /** Of the value that is shown. */
  timeUs: number;
}

interface Device {
  readonly object: UaObject;
  readonly points: Map<string, Point>;
  asset: string | null;
  hasCommands: boolean;
}

/** What the space needs to know of assets. */
export interface Placed {
  readonly assets: ReadonlyMap<string, AssetLevel>;
  assetOf(device: string): string | null;
}

export interface SpaceOptions {
  readonly library: Library;
  onPoint(point: Point): void;
  onDevice(name: string, object: UaObject): void;
}

/** What node-opcua's own setters call: those take no microseconds. */
interface Settable {
  _internal_set_dataValue(value: ReturnType<typeof dataValueOf>): void;
}

const escaped = (text: string): string => encodeURIComponent(text);

export class Space {
  readonly #library: Library;
  readonly #options: SpaceOptions;
  readonly #own: Namespace;
  readonly #types = new Map<AssetLevel | 'device', UaObjectType>();
  readonly #assets = new Map<string, { readonly object: UaObject; readonly level: AssetLevel }>();
  readonly #devices = new Map<string, Device>();
  readonly #assetFolder: UaObject;
  readonly #deviceFolder: UaObject;
  #points = 0;
  /** Devices and points for which there was no room. */
  readonly #left = new Set<string>();

  constructor(address: AddressSpace, options: SpaceOptions) {
    this.#library = options.library;
    this.#options = options;
    this.#own = address.getOwnNamespace();
    const types = address.registerNamespace(TYPES_URI);
    const asset = types.addObjectType({ browseName: 'AssetType', isAbstract: true });
    for (const level of LEVELS)
      this.#types.set(
        level,
        types.addObjectType({ browseName: `${level[0]!.toUpperCase()}${level.slice(1)}Type`, subtypeOf: asset }),
      );
    this.#types.set('device', types.addObjectType({ browseName: 'DeviceType' }));
    const folder = (name: string) => this.#own.addFolder(address.rootFolder.objects, this.#named(name, name));
    this.#assetFolder = folder('Assets');
    this.#deviceFolder = folder('Devices');
  }

  get size(): { readonly devices: number; readonly points: number; readonly left: number } {
    return { devices: this.#devices.size, points: this.#points, left: this.#left.size };
  }

  #named(id: string, name: string) {
    const browseName = { namespaceIndex: this.#own.index, name };
    return { nodeId: `ns=${this.#own.index};s=${id}`, browseName, displayName: name };
  }

  /** The device; undefined if there is no room for another. */
  device(name: string): UaObject | undefined {
    return this.#device(name)?.object;
  }

  /** Whether it was made known to the space that the device takes commands; then it keeps that. */
  takesCommands(name: string): boolean {
    return this.#devices.get(name)?.hasCommands ?? false;
  }

  addCommands(name: string, add: (object: UaObject) => void): void {
    const device = this.#device(name);
    if (device === undefined || device.hasCommands) return;
    device.hasCommands = true;
    add(device.object);
  }

  #device(name: string): Device | undefined {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    if (this.#devices.size >= MAX_DEVICES) {
      this.#leave(name);
      return undefined;
    }
    const object = this.#own.addObject({
      ...this.#named(`device/${escaped(name)}`, name),
      typeDefinition: this.#types.get('device')!,
      organizedBy: this.#deviceFolder,
      eventNotifier: 1,
    });
    const device = { object, points: new Map(), asset: null, hasCommands: false };
    this.#devices.set(name, device);
    this.#options.onDevice(name, object);
    return device;
  }

  #leave(what: string): void {
    // What it counts is bounded as well.
    if (this.#left.size < MAX_POINTS) this.#left.add(what);
  }

  /** The variable of a point, with this unit from now on; undefined if there is no room for another. */
  point(device: string, name: string, unit: string): Point | undefined {
    const at = this.#device(device);
    const known = at?.points.get(name);
    if (known !== undefined) {
      if (known.unit !== unit) this.#setUnit(known, unit);
      return known;
    }
    if (at === undefined || this.#points >= MAX_POINTS) {
      this.#leave(`${device}\n${name}`);
      return undefined;
    }
    const { StatusCodes, AccessLevelFlag } = this.#library;
    const readable = AccessLevelFlag.CurrentRead | AccessLevelFlag.HistoryRead;
    const variable = this.#own.addVariable({
      ...this.#named(`point/${escaped(device)}/${escaped(name)}`, name),
      typeDefinition: 'BaseAnalogType',
      componentOf: at.object,
      dataType: 'Double',
      accessLevel: readable,
      userAccessLevel: readable,
      historizing: true,
      minimumSamplingInterval: 0,
    });
    variable.setValueFromSource({ dataType: 'Double', value: Number.NaN }, StatusCodes.BadWaitingForInitialData);
    const point: Point = { device, name, variable, unit: '', units: undefined, timeUs: Number.NEGATIVE_INFINITY };
    at.points.set(name, point);
    this.#points++;
    this.#setUnit(point, unit);
    this.#options.onPoint(point);
    return point;
  }

  /** The unit that is shown. */
  unitOf(device: string, name: string): string {
    return this.#devices.get(device)?.points.get(name)?.unit ?? '';
  }

  #setUnit(point: Point, unit: string): void {
    point.unit = unit;
    const { DataType } = this.#library;
    const address = this.#own.addressSpace;
    if (unit === '') {
      if (point.units !== undefined) address.deleteNode(point.units);
      point.units = undefined;
      return;
    }
    const value = address.constructExtensionObject(address.findDataType('EUInformation')!, engineeringUnit(unit));
    point.units ??= this.#own.addVariable({
      nodeId: `${point.variable.nodeId.toString()}/unit`,
      browseName: { namespaceIndex: 0, name: 'EngineeringUnits' },
      typeDefinition: 'PropertyType',
      propertyOf: point.variable,
      dataType: 'EUInformation',
      minimumSamplingInterval: 0,
    });
    point.units.setValueFromSource({ dataType: DataType.ExtensionObject, value });
  }

  /** Shows the values of a run that are newer than what is shown; each of them if somebody subscribes the point. */
  show(run: Pick<PointRun, 'device' | 'name' | 'unit' | 'exponent' | 'quality' | 'timesUs' | 'values'>): void {
    const known = this.#devices.get(run.device)?.points.get(run.name);
    const newest = run.timesUs.reduce((most, us) => Math.max(most, us), Number.NEGATIVE_INFINITY);
    // A late value of an earlier unit must not change the unit of what is shown.
    if (known !== undefined && newest <= known.timeUs) return;
    const point = this.point(run.device, run.name, run.unit);
    if (point === undefined) return;
    const isWatched = point.variable.listenerCount('value_changed') > 0;
    for (const [i, timeUs] of run.timesUs.entries()) {
      if (timeUs <= point.timeUs || (!isWatched && timeUs !== newest)) continue;
      point.timeUs = timeUs;
      const value = numberOf(run.values[i]!, run.exponent);
      const data = dataValueOf({ timeUs, value, quality: run.quality }, this.#library);
      (point.variable as unknown as Settable)._internal_set_dataValue(data);
    }
  }

  /** Makes the assets and the places of devices those that hold now. False: there are more new assets than one portion. */
  arrange(placed: Placed): boolean {
    const address = this.#own.addressSpace;
    for (const [name, device] of this.#devices) {
      const asset = placed.assetOf(name);
      const isThere =
        device.asset !== null && this.#assets.get(device.asset)?.level === placed.assets.get(device.asset);
      if (device.asset === asset && isThere) continue;
      // A node is deleted with all that it organizes.
      if (device.asset !== null) this.#organize(device, device.asset, false);
      device.asset = null;
    }
    // The longest path first: what is below goes before what is above.
    for (const path of [...this.#assets.keys()].sort((a, b) => b.length - a.length)) {
      const { object, level } = this.#assets.get(path)!;
      if (this.#hasPath(placed, path, level)) continue;
      address.deleteNode(object);
      this.#assets.delete(path);
    }
    const missing = [...placed.assets].filter(([path]) => !this.#assets.has(path));
    const room = MAX_ASSETS - this.#assets.size;
    for (const [path] of missing.sort(([a], [b]) => a.length - b.length).slice(room)) this.#leave(path);
    for (const [path, level] of missing.slice(0, Math.min(room, PORTION))) this.#addAsset(path, level);
    for (const [name, device] of this.#devices) {
      const asset = placed.assetOf(name);
      if (asset === null || device.asset !== null || !this.#assets.has(asset)) continue;
      this.#organize(device, asset, true);
      device.asset = asset;
    }
    return Math.min(missing.length, room) <= PORTION;
  }

  /** Whether the asset and all above it are as they were. */
  #hasPath({ assets }: Placed, path: string, level: AssetLevel): boolean {
    if (assets.get(path) !== level) return false;
    const end = path.lastIndexOf('/');
    if (end < 0) return true;
    const parent = this.#assets.get(path.slice(0, end));
    return parent === undefined || this.#hasPath({ assets } as Placed, path.slice(0, end), parent.level);
  }

  #addAsset(path: string, level: AssetLevel): void {
    if (this.#assets.has(path)) return;
    const end = path.lastIndexOf('/');
    const parent = this.#assets.get(path.slice(0, Math.max(0, end)))?.object;
    const object = this.#own.addObject({
      ...this.#named(`asset/${path}`, path.slice(end + 1)),
      typeDefinition: this.#types.get(level)!,
      ...(parent === undefined ? { organizedBy: this.#assetFolder } : { componentOf: parent }),
    });
    this.#assets.set(path, { object, level });
  }

  #organize(device: Device, asset: string, add: boolean): void {
    const object = this.#assets.get(asset)?.object;
    const reference = { referenceType: 'Organizes', isForward: true, nodeId: device.object.nodeId };
    if (add) object?.addReference(reference);
    else object?.removeReference(reference);
  }
}
