/** The results of a module are equal in every byte: on every engine, with a link and without, and from every build. */
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../host/base/index.ts';
import { ENGINE_NAMES, type EngineName, loadEngine } from '../host/device/engine/index.ts';
import { type NodeMessage, shimLink, transportPair } from '../host/device/link/index.ts';
import { Node, runToEnd } from '../host/device/node/index.ts';
import { buildPackage } from '../host/device/package/index.ts';
import { type BuiltApp, buildApp } from '../host/toolchain/build/index.ts';
import { app, keys, microphone } from './world.ts';

interface Run {
  telemetry: string;
  events: string;
  taps: Record<string, string>;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Everything that a module sends in one run over a recording, except UTC, which a node learns from its link. */
async function play(built: BuiltApp, engineName: EngineName, file: string, shim?: NodeMessage[]): Promise<Run> {
  const clock = new VirtualClock();
  const run: Run = { telemetry: '', events: '', taps: {} };
  const node = new Node({
    id: 'bits',
    engine: await loadEngine(engineName),
    clock,
    module: built,
    config: built.config,
    sensors: [{ name: 'microphone', source: microphone(file) }],
    ...(shim && { link: {} }),
    hooks: {
      onTelemetry: ({ tMs: _, ...frame }) => {
        run.telemetry += `${JSON.stringify(frame)}\n`;
      },
      onEvent: ({ tMs: _, body, ...event }) => {
        run.events += `${JSON.stringify(event)} ${hex(body)}\n`;
      },
      onTap: ({ name, data, tUs }) => {
        run.taps[name] = `${run.taps[name] ?? ''}${tUs} ${hex(data)}\n`;
      },
    },
  });
  node.start();
  if (shim) {
    const pair = transportPair(clock);
    let session = 0;
    const link = shimLink({
      clock,
      newSessionId: () => ++session,
      onMessage: (message) => {
        shim.push(message);
        if (message.type === 'time?') link.send({ type: 'time', sentUs: message.sentUs, utcMs: 1_790_000_000_000 });
      },
    });
    link.attach(pair.b);
    node.attach(pair.a);
  }
  runToEnd(clock, [node]);
  node.close();
  return run;
}

describe('the keyword module', () => {
  let built: BuiltApp;
  beforeAll(async () => {
    built = await buildApp(app('keyword'));
  });

  it('sends the same bytes on every engine, with a link and without', async () => {
    const file = 'stream.wav';
    const runs: Run[] = [];
    const sent: NodeMessage[][] = [];
    for (const name of ENGINE_NAMES) {
      runs.push(await play(built, name, file));
      sent.push([]);
      runs.push(await play(built, name, file, sent.at(-1)));
    }
    const [one, ...others] = runs;
    expect(one!.events).toContain('keyword');
    expect(Object.keys(one!.taps)).toEqual(['features', 'scores']);
    for (const other of others) expect(other).toEqual(one);
    // The messages on the link are those that were published.
    expect(sent[1]).toEqual(sent[0]);
    const values = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).values);
    const frames = sent[0]!.flatMap((message) => (message.type === 'telemetry' ? [message.values] : []));
    expect(frames).toEqual(values(one!.telemetry));
    const bodies = sent[0]!.flatMap((message) => (message.type === 'event' ? [hex(message.body)] : []));
    expect(bodies).toEqual(
      one!.events
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-1)),
    );
  });
});

describe('a build', () => {
  it.each(readdirSync(app('')).sort())('of %s results in the same package twice', async (name) => {
    const pack = async () => {
      const { wasm, rom, metadata, sequence, warnings } = await buildApp(app(name));
      expect(warnings).toEqual([]);
      return hex(buildPackage({ wasm, rom, metadata, sequence, privateKey: keys.privateKey }));
    };
    expect(await pack()).toBe(await pack());
  });
});
