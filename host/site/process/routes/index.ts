/** All routes of a site's API, a file each. */
import { addAssets } from './assets.ts';
import { addIngest } from './ingest.ts';
import { addLive } from './live.ts';
import { addMetrics } from './metrics.ts';
import { addOffers } from './offers.ts';
import { addQuery } from './query.ts';
import type { AddRoutes } from './route.ts';
import { addStatus } from './status.ts';
import { addThings } from './things.ts';

export { answerError, problem } from './route.ts';

export const ROUTES: readonly AddRoutes[] = [
  addStatus,
  addMetrics,
  addQuery,
  addLive,
  addAssets,
  addOffers,
  addIngest,
  addThings,
];
