/** The options of store and forward, and their defaults. */
import type { ConnectionOptions } from 'node:tls';
import { GatewayConstant } from '../../base/abi/index.ts';
import { type Clock, MoteError, systemClock } from '../../base/index.ts';
import { type ClientOptions, isTopicFilter, isTopicName, openStream, parseBrokerUrl } from '../mqtt/index.ts';
import { SITE } from './via.ts';

export interface BrokerAccess {
  /** `mqtt://[user:password@]host[:port]` or `mqtts://...` */
  url: string;
  username?: string;
  password?: string;
}

export interface ForwardOptions {
  /** Name of this site: 1 to 64 letters, digits, `_` and `-`. Messages carry it, so that they don't go in circles. */
  site: string;
  /** Where messages come from. */
  local: BrokerAccess;
  /** Where they go. */
  remote: BrokerAccess;
  /** The filters of the messages that are forwarded. */
  topics: readonly string[];
  /** Put before each topic, such as `sites/hall-2/`; default: nothing. */
  prefix?: string;
  /**
   * Sites that may forward a message, with this one: 1 (default) forwards only what comes from this site; a site between
   * others and a centre has 2.
   */
  maxHops?: number;
  /** Name of the site at the other end. What it has forwarded doesn't go back to it; only of use with `maxHops` above 1. */
  remoteSite?: string;
  /** Folder of the log and of dead letters; each forward needs its own. */
  dir: string;
  /** Limit of what waits; default 1 GiB. */
  maxBytes?: number;
  /** See `DurableLog`; default `fsync`. */
  queueSync?: 'fsync' | 'os';
  /** How long both brokers keep the session while this process is away; default one day. */
  sessionExpirySeconds?: number;
  tls?: ConnectionOptions;
  clock?: Clock;
  backoff?: ClientOptions['backoff'];
  random?: () => number;
  /** For tests. */
  open?: ClientOptions['open'];
  /** A problem that an operator should know. None ends the forward. */
  onProblem?(error: MoteError): void;
}

export interface ForwardSettings {
  site: string;
  local: BrokerAccess;
  remote: BrokerAccess;
  topics: readonly string[];
  prefix: string;
  maxHops: number;
  remoteSite: string | undefined;
  dir: string;
  maxBytes: number;
  queueSync: 'fsync' | 'os';
  sessionExpirySeconds: number;
  clock: Clock;
  mqtt: Partial<ClientOptions>;
  onProblem(error: MoteError): void;
}

const MAX_HOPS = 16;

/** Throws `FORWARD` and `MQTT_URL`. */
export function forwardSettings(options: ForwardOptions): ForwardSettings {
  const { site, local, remote, topics, prefix = '', maxHops = 1, remoteSite, tls, backoff, random, open } = options;
  for (const name of remoteSite === undefined ? [site] : [site, remoteSite]) {
    if (!SITE.test(name)) throw wrong(`${quoted(name)} is no name of a site; use 1 to 64 letters, digits, _ and -`);
  }
  if (topics.length === 0) throw wrong('there is no topic filter; name what to forward, such as mote/#');
  for (const filter of topics) {
    const fits = isTopicFilter(filter) && !filter.startsWith('$');
    if (!fits)
      throw wrong(
        `${quoted(filter)} is no topic filter that can be forwarded; # must be last, + alone in its level, and no $ first`,
      );
  }
  if (prefix !== '' && (!isTopicName(`${prefix}x`) || prefix.startsWith('$') || !prefix.endsWith('/')))
    throw wrong(`${quoted(prefix)} is no prefix of topics; end it with /, without + and #`);
  if (!Number.isInteger(maxHops) || maxHops < 1 || maxHops > MAX_HOPS) throw wrong(`the hops are not 1 to ${MAX_HOPS}`);
  const [here, there] = [parseBrokerUrl(local.url), parseBrokerUrl(remote.url)];
  if (here.host === there.host && prefix === '')
    throw wrong('both brokers are the same one; a message would come back');
  return {
    site,
    local,
    remote,
    topics: [...new Set(topics)],
    prefix,
    maxHops,
    remoteSite,
    dir: options.dir,
    maxBytes: options.maxBytes ?? GatewayConstant.queueTotalBytes,
    queueSync: options.queueSync ?? 'fsync',
    sessionExpirySeconds: options.sessionExpirySeconds ?? 86_400,
    clock: options.clock ?? systemClock,
    mqtt: { open: open ?? openStream(tls), ...(backoff && { backoff }), ...(random && { random }) },
    onProblem: options.onProblem ?? (() => {}),
  };
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));
const wrong = (what: string): MoteError => new MoteError('FORWARD', `The forward can't start: ${what}.`);
