/** Topic names and filters, MQTT 5 section 4.7. */
import { isWireText, MoteError } from '../../base/index.ts';

const MAX_BYTES = 65535;

function isText(text: string): boolean {
  return (
    text.length > 0 && !text.includes('\0') && !/\p{Surrogate}/u.test(text) && Buffer.byteLength(text) <= MAX_BYTES
  );
}

/** Returns whether messages may be published to a topic: no wildcards, no NUL, 1 to 65535 bytes. */
export function isTopicName(topic: string): boolean {
  return isText(topic) && !topic.includes('+') && !topic.includes('#');
}

/** Returns whether a filter's wildcards are alone in their levels, `#` in the last one. */
export function isTopicFilter(filter: string): boolean {
  if (!isText(filter)) return false;
  const levels = filter.split('/');
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1;
    return level === '+' || !(level.includes('+') || level.includes('#'));
  });
}

/** Returns whether `filter` matches `topic`. Leading wildcards don't match topics that begin with `$`. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const want = filter.split('/');
  const have = topic.split('/');
  for (let i = 0; i < want.length; i++) {
    if (want[i] === '#') return true;
    if (i >= have.length) return false;
    if (want[i] !== '+' && want[i] !== have[i]) return false;
  }
  return want.length === have.length;
}

/**
 * Throws `MQTT_TOPIC` unless this client may publish to `topic`: brokers close the connection for control characters
 * and non-characters, too.
 */
export function checkTopic(topic: string): void {
  if (isTopicName(topic) && isWireText(topic)) return;
  throw new MoteError(
    'MQTT_TOPIC',
    `${JSON.stringify(topic.slice(0, 100))} is not a topic name; use 1 to 65535 bytes without +, #, control characters and non-characters.`,
  );
}
