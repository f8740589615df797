/** The unified namespace of a site that runs, with a connection to its broker of its own. */
import type { Clock, MoteError } from '../../base/index.ts';
import type { Credentials } from '../../messaging/gateway/index.ts';
import { MqttClient } from '../../messaging/mqtt/index.ts';
import type { Assets } from '../assets/index.ts';
import type { SiteConfig } from '../config/index.ts';
import { UnifiedNamespace } from '../uns/index.ts';

export interface OpenUns {
  readonly namespace: UnifiedNamespace;
  close(): Promise<void>;
}

interface UnsSite {
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly credentials: Credentials | undefined;
  readonly clock: Clock;
  readonly assets: Assets;
  onProblem(error: MoteError): void;
}

/** Throws what the first connection throws. */
export async function openUns(config: NonNullable<SiteConfig['uns']>, site: UnsSite): Promise<OpenUns> {
  const client = new MqttClient({
    url: site.brokerUrl,
    clientId: site.clientId,
    ...site.credentials,
    clock: site.clock,
    onLost: (_message, error) => site.onProblem(error),
  });
  await client.connect({ retry: false });
  const namespace = new UnifiedNamespace({
    ...config,
    clock: site.clock,
    publish: (topic, payload, properties) => client.publish(topic, payload, { qos: 1, retain: true, properties }),
    assetOf: (device, timeUs) => site.assets.assetOf(device, timeUs),
  });
  return {
    namespace,
    async close() {
      namespace.close();
      client.close();
    },
  };
}
