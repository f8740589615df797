/** Sparkplug B of a site that runs: as an edge node and as a host application, each with a connection of its own. */
import type { Clock, MoteError } from '../../base/index.ts';
import type { Credentials } from '../../messaging/gateway/index.ts';
import { EdgeNode, type EdgeStatus, HostApplication, type HostStatus } from '../bridges/sparkplug/index.ts';
import type { SiteConfig } from '../config/index.ts';
import { type Applied, type Registry, readSetting, writeSetting } from '../store/index.ts';

interface SparkplugSite {
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly credentials: Credentials | undefined;
  readonly clock: Clock;
  readonly registry: Registry;
  onProblem(error: MoteError): void;
}

const BIRTH_DEATH = 'sparkplug-bdseq';

export class OpenSparkplug {
  readonly #edge: EdgeNode | undefined;
  readonly #host: HostApplication | undefined;

  private constructor(edge: EdgeNode | undefined, host: HostApplication | undefined) {
    this.#edge = edge;
    this.#host = host;
  }

  static async open(config: SiteConfig, site: SparkplugSite): Promise<OpenSparkplug> {
    const { brokerUrl, clientId, credentials, clock, registry, onProblem } = site;
    const { sparkplug, sparkplugHost } = config;
    const own = { brokerUrl, credentials, clock, onProblem };
    const host = sparkplugHost && new HostApplication({ ...own, ...sparkplugHost, clientId: `${clientId}-host` });
    if (sparkplug === null) return new OpenSparkplug(undefined, host ?? undefined);
    const elsewhere = sparkplug.broker === null ? {} : { brokerUrl: sparkplug.broker, credentials: undefined };
    const edge = new EdgeNode({
      ...own,
      ...elsewhere,
      config: sparkplug,
      clientId: `${clientId}-edge`,
      bdSeq: Number((await readSetting(registry, BIRTH_DEATH)) ?? -1),
      keep: (bdSeq) => void writeSetting(registry, BIRTH_DEATH, String(bdSeq)).catch(onProblem),
    });
    return new OpenSparkplug(edge, host ?? undefined);
  }

  get edge(): EdgeStatus | null {
    return this.#edge?.status ?? null;
  }
  get host(): HostStatus | null {
    return this.#host?.status ?? null;
  }

  take({ message: { topic, payload }, decoded }: Applied): void {
    this.#host?.see(topic, payload);
    // What comes as Sparkplug B has its edge node already.
    if (decoded !== null && !topic.startsWith('spBv1.0/')) this.#edge?.take(decoded.runs);
  }

  setOnline(node: string, online: boolean): void {
    this.#edge?.setOnline(node, online);
  }

  async close(): Promise<void> {
    await this.#edge?.close();
    await this.#host?.close();
  }
}
