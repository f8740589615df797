/** The flash of a simulated node that outlives a run: which package is in it when the run starts. */
import type { KeyObject } from 'node:crypto';
import type { MoteError } from '../../base/index.ts';
import { type Flash, flashRegion, KeyValueStore } from '../../device/flash/index.ts';
import { DEFAULT_LAYOUT, install, nextSequence, provision, runningPackage } from '../../device/node/index.ts';
import { type App, keptModule, moduleDigest, packageOf } from '../app/index.ts';

export interface StateObserver {
  /** The app replaces the one in the flash, because the app has changed since the last run. */
  onInstalled?(app: App, sequence: number): void;
  /** What a user should know. It doesn't stop the run. */
  onProblem?(error: MoteError): void;
}

/** Key in the agent's store: digest of the module that the command line named last. */
const NAMED = 'named';

/**
 * Writes the app into the flash if it isn't what the last run was called with: a folder's app as the next sequence, a
 * package under its own. An update that the node received since the last run is kept as long as the app is the same.
 */
export function settle(flash: Flash, id: string, app: App, signer: KeyObject | null, observer: StateObserver): void {
  const store = KeyValueStore.open(flashRegion(flash, 0, DEFAULT_LAYOUT.agentPages));
  const running = runningPackage(flash);
  const named = moduleDigest(app);
  if (running === null) provision(flash, app.sequence, packageOf(app, signer));
  else {
    const before = store.get(NAMED) ?? moduleDigest(running);
    const next = nextSequence(flash);
    const sequence = app.package === null ? Math.max(app.sequence, next) : app.sequence;
    if (!same(before, named) && !same(moduleDigest(running), named) && sequence >= next) {
      install(flash, sequence, packageOf({ ...app, sequence }, signer));
      observer.onInstalled?.(app, sequence);
    } else if (!same(moduleDigest(running), named)) {
      observer.onProblem?.(keptModule(id, running));
      return;
    }
  }
  if (!same(store.get(NAMED), named)) store.set(NAMED, named);
}

const same = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;
