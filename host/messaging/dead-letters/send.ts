/** Publishes dead letters again. */
import { type Clock, MoteError, systemClock } from '../../base/index.ts';
import { type ClientOptions, MqttClient } from '../mqtt/index.ts';
import { dropLetter, type StoredLetter } from './dead-letters.ts';

export interface SendLettersOptions extends Pick<ClientOptions, 'url' | 'username' | 'password' | 'open' | 'backoff'> {
  dir: string;
  /** In the order in which they are sent. */
  letters: readonly StoredLetter[];
  /** For each letter; default 30 s. */
  timeoutMs?: number;
  clock?: Clock;
  /** The broker has the letter, and its file is deleted; or why not, and its file stays. */
  onLetter(letter: StoredLetter, error: MoteError | undefined): void;
}

/**
 * Publishes letters one after the other with QoS 1, and deletes each once the broker has acknowledged it. They keep their
 * properties, and so their ids, by which receivers recognise what they have. Throws what connecting throws.
 */
export async function sendLetters(options: SendLettersOptions): Promise<void> {
  const { dir, letters, timeoutMs = 30_000, clock = systemClock, onLetter, ...connection } = options;
  const client = new MqttClient({
    ...connection,
    clock,
    clientId: `mote-dead-letters-${process.pid}-${clock.utcMs()}`,
    // A letter that the broker refuses stays where it is.
    onRefused: async () => {},
  });
  await client.connect({ retry: false });
  try {
    for (const letter of letters) {
      const error = await publish(client, letter, { timeoutMs, clock });
      if (error === undefined) dropLetter(dir, letter);
      onLetter(letter, error);
    }
  } finally {
    client.close();
  }
}

async function publish(
  client: MqttClient,
  letter: StoredLetter,
  { timeoutMs, clock }: { timeoutMs: number; clock: Clock },
): Promise<MoteError | undefined> {
  const { id, topic, payload, retain, properties, bytes, timeMs } = letter;
  const short = id.slice(0, 12);
  if (payload.length < bytes) {
    return new MoteError(
      'DEAD_LETTER',
      `Only ${payload.length} of ${bytes} bytes of letter ${short} were kept; drop it.`,
    );
  }
  const left = (properties.expirySeconds ?? Number.POSITIVE_INFINITY) - Math.floor((clock.utcMs() - timeMs) / 1000);
  if (left < 1) return new MoteError('DEAD_LETTER', `The time in which letter ${short} is of use has passed; drop it.`);
  const lifetime = Number.isFinite(left) ? { expirySeconds: left } : {};
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    const what = `The broker did not answer letter ${short} in ${timeoutMs / 1000} s; it stays.`;
    cancel = clock.after(timeoutMs, () => reject(new MoteError('MQTT_TIMEOUT', what)));
  });
  try {
    const sent = client.publish(topic, payload, { qos: 1, retain, properties: { ...properties, ...lifetime } });
    await Promise.race([sent, late]);
    return undefined;
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  } finally {
    cancel();
  }
}
