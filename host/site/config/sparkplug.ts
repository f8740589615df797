/** The part `sparkplug` of a site's configuration. docs/sparkplug.md. */

import { parseBrokerUrl } from '../../messaging/mqtt/index.ts';
import type { At } from './place.ts';

export interface SparkplugConfig {
  readonly group: string;
  readonly edge: string;
  /** The primary host that must be online; null: none. */
  readonly host: string | null;
  /** Null: that of the site. */
  readonly broker: string | null;
  readonly periodMs: number;
}

/** What the file may leave out. */
export interface RawSparkplug {
  group: string;
  edge: string;
  host?: string;
  broker?: string;
  periodMs?: number;
}

export function readSparkplugConfig(raw: RawSparkplug | undefined, at: At): SparkplugConfig | null {
  if (raw === undefined) return null;
  const { group, edge, host = null, broker = null, periodMs = 1000 } = raw;
  if (broker !== null) at(['sparkplug', 'broker'], () => parseBrokerUrl(broker));
  return { group, edge, host, broker, periodMs };
}
