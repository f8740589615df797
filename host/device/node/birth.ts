/** The birth message: who a node is, what runs on it, and the metrics and commands that both declare. */

import { clip } from '../../base/index.ts';
import { type Birth, MessageLimit, type MetricInfo, type SlotState } from '../link/index.ts';
import type { Running } from './supervisor.ts';

/** Returns the birth of a node and its module; `own` are the node's metrics, behind those of the module. */
export function birthOf(
  who: Pick<Birth, 'node' | 'boot' | 'firmware'>,
  running: Running | null,
  own: readonly MetricInfo[],
): Birth {
  if (running === null) return { type: 'birth', ...who, module: null, metrics: [...own], commands: [] };
  const { metadata, metrics, commands } = running.runtime;
  const { slot = 0, sequence = 0 } = running.info ?? {};
  const module = {
    name: clip(metadata.name, MessageLimit.nameBytes) || 'unnamed',
    version: clip(metadata.version, MessageLimit.nameBytes),
    sequence,
    sha256: running.sha256,
    slot,
    state: stateOf(running),
  };
  return { type: 'birth', ...who, module, metrics: [...metrics, ...own], commands: [...commands] };
}

/** State of the module's slot. A module without slots counts as confirmed. */
export function stateOf(running: Running): SlotState {
  return running.info?.state ?? 'confirmed';
}
