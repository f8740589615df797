import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { Compiled } from '../../base/testing.ts';
import { DurableLog } from '../queue/index.ts';
import { Shim } from './shim.ts';

// Nobody listens there, so all messages wait on disk.
const brokerUrl = 'mqtt://127.0.0.1:9';
let compiled: Compiled;
let root: string;
let queueDir: string;
const shims: Shim[] = [];

beforeAll(async () => {
  compiled = await Compiled.of('host/messaging/gateway/shim.ts');
});
afterAll(() => compiled.delete());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-shim-lock-'));
  queueDir = join(root, 'deep', 'queue');
});
afterEach(() => {
  for (const shim of shims.splice(0)) shim.abort();
  rmSync(root, { recursive: true });
});

const open = () => {
  const shim = new Shim({ brokerUrl, queueDir });
  shims.push(shim);
  return shim;
};
const busy = (holder: string) =>
  expect.objectContaining({ code: 'QUEUE_BUSY', message: expect.stringContaining(holder) });
const leaveBehind = async (node: string) => {
  const log = new DurableLog({ dir: queueDir });
  const message = { topic: 'mote/d/a/e', payload: Buffer.from('1'), qos: 1 as const, retain: false, properties: {} };
  log.stream(node).put(message, { droppable: false, nowMs: Date.now() });
  await log.close();
};

describe('the queues of a shim', () => {
  it('belong to one shim in a process, until it closes or is aborted', async () => {
    const first = open();
    expect(open).toThrow(busy('this process'));
    first.abort();
    const second = open();
    first.abort();
    expect(open).toThrow(busy('this process'));
    await second.close(0);
    open();
  });

  it('belong to one process, which the error names, and are free when it was killed, with their messages', async () => {
    await leaveBehind('a');
    const child = await compiled.run(`
      globalThis.shim = new Shim(${JSON.stringify({ brokerUrl, queueDir })});
      print('open');`);
    expect(open).toThrow(busy(`process ${child.pid} has it`));
    await child.kill();
    const [info] = open().nodes();
    // The message that was left, and that the node is offline; once more if the killed shim had kept that.
    expect(info!.node).toBe('a');
    expect([2, 3]).toContain(info!.mqtt.waiting);
  });

  it('are free again after they could not be opened', async () => {
    await leaveBehind('a');
    const file = join(queueDir, '0000000002.log');
    mkdirSync(file);
    const codeOf = () => {
      try {
        open();
      } catch (error) {
        return error instanceof MoteError ? error.code : error;
      }
      return 'none';
    };
    expect(codeOf()).toBe('QUEUE_IO');
    expect(codeOf()).toBe('QUEUE_IO');
    rmSync(file, { recursive: true });
    expect(codeOf()).toBe('none');
  });
});
