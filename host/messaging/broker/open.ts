/** Which broker a gateway uses: the embedded one, started here, or one that runs elsewhere. */
import { type EmbeddedBrokerOptions, startEmbeddedBroker } from './broker.ts';

/** A port of this machine for the embedded broker (0: any free one), or the address of a broker that runs. */
export type BrokerChoice = { embeddedPort: number } | { url: string };

export interface OpenBroker {
  url: string;
  embedded: boolean;
  /** Stops an embedded broker. Leaves another one alone. */
  close(): Promise<void>;
}

/** Starts the embedded broker where it was chosen. Throws what starting it throws. */
export async function openBroker(
  choice: BrokerChoice,
  options: Pick<EmbeddedBrokerOptions, 'dataDir' | 'collect' | 'onProblem'> = {},
): Promise<OpenBroker> {
  if ('url' in choice) return { url: choice.url, embedded: false, close: async () => {} };
  const broker = await startEmbeddedBroker({ port: choice.embeddedPort, ...options });
  return { url: broker.url, embedded: true, close: () => broker.close() };
}
