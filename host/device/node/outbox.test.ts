import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip } from '../../base/index.ts';
import { examples } from '../link/examples.ts';
import { type Birth, encodeMessage, type NodeMessage } from '../link/index.ts';
import { Outbox, type Sent, type Timed } from './outbox.ts';
import { UtcClock } from './utc.ts';

const limits = { telemetryFrames: 3, telemetryValues: 10, events: 2, logs: 2 };
const frame = (seq: number, values = [1]): Timed => ({
  type: 'telemetry',
  metric: 0,
  t0Us: seq * 1000,
  dtUs: 1,
  values,
  exponent: 0,
  quality: 0,
  seq,
});
const event = (seq: number): Timed => ({ type: 'event', name: 'e', tUs: 0, seq, body: Uint8Array.of(0) });
const birth = (...names: string[]): Birth => ({
  ...examples.birth,
  metrics: names.map((name) => ({ name, unit: '1', exponent: 0 })),
});
const log = (n: number): Timed => ({ type: 'log', level: 'info', tUs: n, text: String(n) });
/** Returns the messages that are sent if there is room for `room`. */
function drain(outbox: Outbox, room = 100, utc: ((us: number) => number) | null = (us) => us / 1000): NodeMessage[] {
  const sent: NodeMessage[] = [];
  const send = (message: NodeMessage): Sent => {
    if (sent.length >= room) return 'full';
    sent.push(message);
    return 'sent';
  };
  outbox.flush(send, () => false, utc);
  return sent;
}
const seqs = (messages: NodeMessage[]) => messages.map((message) => ('seq' in message ? message.seq : message.type));

describe('the outbox', () => {
  it('drops the oldest telemetry and log lines, by count and by size, and never an event', () => {
    const outbox = new Outbox(limits);
    outbox.data(event(0));
    for (let i = 0; i < 5; i++) outbox.data(frame(i));
    outbox.data(event(1));
    for (let i = 0; i < 4; i++) outbox.data(log(i));
    expect(outbox.eventRoom('e', Uint8Array.of(0))).toBe(false);
    expect(outbox.counts()).toEqual({ waiting: 7, droppedTelemetry: 2, droppedLogs: 2 });
    expect(seqs(drain(outbox))).toEqual([0, 2, 3, 4, 1, 'log', 'log']);
    expect(outbox.eventRoom('e', Uint8Array.of(0))).toBe(true);
    outbox.data(frame(5, Array(6).fill(0)));
    outbox.data(frame(6, Array(6).fill(0)));
    expect(seqs(drain(outbox))).toEqual([6]);
  });

  it('sends answers first, also while UTC is unknown, and the rest in order once it is known', () => {
    const outbox = new Outbox(limits);
    outbox.data(frame(0));
    outbox.control(examples.result);
    expect(drain(outbox, 100, null)).toEqual([examples.result]);
    expect(drain(outbox, 100, (us) => us + 7)).toMatchObject([{ type: 'telemetry', t0Ms: 7 }]);
  });

  it('keeps messages that could not be sent', () => {
    const outbox = new Outbox(limits);
    outbox.control(examples.ota);
    for (let i = 0; i < 3; i++) outbox.data(frame(i));
    expect(seqs(drain(outbox, 2))).toEqual(['ota', 0].map((one) => (one === 'ota' ? examples.ota.type : one)));
    expect(seqs(drain(outbox))).toEqual([1, 2]);
  });

  it('puts returned messages in front with unchanged times, without those that became invalid', () => {
    const outbox = new Outbox(limits);
    outbox.data(frame(8));
    const [dated] = drain(outbox);
    outbox.data(frame(9));
    outbox.control({ type: 'time?', sentUs: 1 });
    outbox.control(birth());
    outbox.restore([examples.birth, examples['time?'], examples.result, dated!]);
    expect(outbox.first(birth(), () => 'sent')).toBe(true);
    const sent = drain(outbox, 100, (us) => us);
    expect(sent.map(({ type }) => type)).toEqual(['result', 'telemetry', 'telemetry']);
    expect(sent[1]).toMatchObject({ seq: 8, t0Ms: 8 });
  });

  it('with a limit in bytes drops telemetry and then logs for new messages, and keeps events and a reserve for answers', () => {
    // A telemetry frame takes 26 bytes, an event 24, a log line 22, an answer 13.
    const roomy = { telemetryFrames: 100, telemetryValues: 1000, events: 100, logs: 100 };
    const outbox = new Outbox({ ...roomy, bytes: 120, reserveBytes: 30 });
    outbox.data(log(0));
    outbox.data(frame(0));
    outbox.data(frame(1));
    expect(outbox.counts()).toEqual({ waiting: 3, droppedTelemetry: 0, droppedLogs: 0 });
    outbox.data(event(0));
    expect(outbox.counts()).toEqual({ waiting: 3, droppedTelemetry: 1, droppedLogs: 0 });
    outbox.data(event(1));
    outbox.data(event(2));
    expect(outbox.counts()).toEqual({ waiting: 3, droppedTelemetry: 2, droppedLogs: 1 });
    expect(outbox.eventRoom('e', Uint8Array.of(0))).toBe(false);
    outbox.data(frame(2));
    outbox.data(event(3));
    expect(outbox.counts()).toEqual({ waiting: 3, droppedTelemetry: 3, droppedLogs: 1 });
    for (let id = 0; id < 5; id++) outbox.control({ ...examples.result, id });
    const sent = drain(outbox);
    expect(seqs(sent)).toEqual(['result', 'result', 'result', 0, 1, 2]);
    expect(sent.slice(0, 3).map((message) => (message as { id: number }).id)).toEqual([2, 3, 4]);
  });

  it('counts the messages of the link towards its memory', () => {
    let queued = { all: 0, data: 0 };
    const outbox = new Outbox({ ...limits, bytes: 100 }, () => queued);
    expect(outbox.eventRoom('e', Uint8Array.of(0))).toBe(true);
    queued = { all: 90, data: 0 };
    expect(outbox.eventRoom('e', Uint8Array.of(0))).toBe(false);
    outbox.data(frame(0));
    expect(outbox.counts()).toEqual({ waiting: 0, droppedTelemetry: 1, droppedLogs: 0 });
    expect(outbox.first(examples.result, () => 'sent')).toBe(false);
  });

  it('stores at most 64 answers', () => {
    const outbox = new Outbox(limits);
    for (let id = 0; id < 70; id++) outbox.control({ ...examples.result, id });
    expect(drain(outbox).map((message) => (message as { id: number }).id)).toEqual(
      Array.from({ length: 64 }, (_, i) => i + 6),
    );
  });
});

describe('the meaning of a metric number', () => {
  const roomy = { telemetryFrames: 100, telemetryValues: 1000, events: 100, logs: 100 };
  const born = (...names: string[]) => {
    const outbox = new Outbox(roomy);
    outbox.control(birth(...names));
    return outbox;
  };

  it('stays valid for queued telemetry while births declare the same metrics, and ends with a different birth', () => {
    const outbox = born('a', 'b');
    for (let i = 0; i < 3; i++) outbox.data(frame(i));
    outbox.data(event(3));
    outbox.control({ ...birth('a', 'b'), boot: 9 });
    expect(outbox.counts()).toMatchObject({ waiting: 4, droppedTelemetry: 0 });
    outbox.control(birth('b', 'a'));
    expect(outbox.counts()).toMatchObject({ waiting: 1, droppedTelemetry: 3 });
    outbox.data(frame(4));
    expect(seqs(drain(outbox))).toEqual(
      ['birth', 'birth', 'birth', 3, 4].map((one) => (one === 'birth' ? examples.birth.type : one)),
    );
  });

  it.each([
    ['name', { name: 'x' }],
    ['unit', { unit: 'x' }],
    ['exponent', { exponent: -1 }],
  ])('changes with another %s', (_, change) => {
    const outbox = born('a');
    outbox.data(frame(0));
    const { metrics, ...rest } = birth('a');
    outbox.control({ ...rest, metrics: metrics.map((metric) => ({ ...metric, ...change })) });
    expect(outbox.counts().droppedTelemetry).toBe(1);
  });

  it('is unknown before the birth, so messages sent in init wait for it', () => {
    const outbox = born('a');
    outbox.data(frame(0));
    outbox.hold();
    outbox.data(frame(1));
    outbox.data(log(2));
    outbox.control(examples.result);
    expect(drain(outbox)).toEqual([]);
    outbox.control(birth('b'));
    const sent = drain(outbox);
    expect(sent.map(({ type }) => type)).toEqual(['birth', 'result', 'birth', 'telemetry', 'log']);
    expect(sent[3]).toMatchObject({ seq: 1 });
  });

  it('is that of the last birth, so returned telemetry is dropped when a different birth was sent since', () => {
    const outbox = born('a');
    outbox.data(frame(0));
    outbox.data(event(0));
    const before = drain(outbox);
    outbox.control(birth('b'));
    outbox.data(frame(1));
    const after = drain(outbox);
    outbox.restore([...before, ...after]);
    expect(outbox.counts()).toMatchObject({ waiting: 2, droppedTelemetry: 1 });
    expect(outbox.first(birth('b'), () => 'sent')).toBe(true);
    expect(seqs(drain(outbox))).toEqual([0, 1]);
  });

  it('is unknown without a birth, so a lost birth is repeated, and telemetry is dropped until then', () => {
    const outbox = new Outbox({ ...roomy, control: 1 });
    outbox.control(birth('a'));
    outbox.data(frame(0));
    outbox.data(event(0));
    outbox.control(examples.result);
    let canSend = false;
    const sent: NodeMessage[] = [];
    const send = (message: NodeMessage): Sent => {
      sent.push(message);
      return 'sent';
    };
    const flush = () => outbox.flush(send, () => canSend && outbox.first(birth('a'), send), Number);
    flush();
    expect(seqs(sent.splice(0))).toEqual(['result', 0]);
    outbox.data(frame(1));
    canSend = true;
    outbox.data(frame(2));
    flush();
    expect(seqs(sent)).toEqual(['birth', 1, 2]);
    expect(outbox.counts().droppedTelemetry).toBe(1);
  });

  it('is not that of an older birth which was delivered when the newer one was lost', () => {
    const outbox = new Outbox({ ...roomy, control: 2 });
    outbox.control(birth('a'));
    outbox.control(birth('b'));
    outbox.data(frame(0));
    expect(drain(outbox, 1)).toEqual([birth('a')]);
    outbox.control(examples.result);
    outbox.control(examples.result);
    expect(drain(outbox)).toEqual([examples.result, examples.result]);
    expect(outbox.counts().droppedTelemetry).toBe(1);
  });

  it('is always the one that the publishing module declared', () => {
    const metrics = fc.constantFrom<string[]>(['a'], ['b'], ['a', 'b'], ['b', 'a', 'c'], []);
    const count = fc.nat({ max: 6 });
    const deed = fc.oneof(
      fc.record({ does: fc.constant('begin' as const), metrics, count }),
      fc.record({ does: fc.constant('stop' as const) }),
      fc.record({ does: fc.constant('turn' as const) }),
      fc.record({ does: fc.constant('publish' as const), count }),
      fc.record({ does: fc.constant('answer' as const), count }),
      fc.record({ does: fc.constant('acknowledge' as const), count }),
      fc.record({ does: fc.constant('meet' as const), longest: fc.constantFrom(1, 2, 9) }),
    );
    const small = { telemetryFrames: 8, telemetryValues: 100, events: 2, logs: 2, control: 3 };
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), fc.constantFrom(undefined, 700), (deeds, bytes) => {
        const outbox = new Outbox({ ...small, ...(bytes && { bytes, reserveBytes: 200 }) });
        let running: string[] | null = null;
        let own: string[] = [];
        let up = false;
        let longest = 9;
        let seq = 0;
        /** The metric of each frame. */
        const is: string[] = [];
        const queue: NodeMessage[] = [];
        let names: string[] = [];
        const send = (message: NodeMessage): Sent => {
          if (message.type === 'birth' && message.metrics.length > longest) return 'dropped';
          if (queue.length >= 5) return 'full';
          queue.push(message);
          // A peer receives them in the order of the queue.
          if (message.type === 'birth') names = message.metrics.map(({ name }) => name);
          if (message.type === 'telemetry') expect(names[message.metric]).toBe(is[message.seq]);
          return 'sent';
        };
        const now = () => birth(...(running ?? []), ...own);
        const flush = () => up && outbox.flush(send, () => outbox.first(now(), send), Number);
        const publish = (of: string[]) => {
          if (of.length === 0) return;
          const metric = seq % of.length;
          is[seq] = of[metric]!;
          outbox.data({ ...(frame(seq) as Extract<Timed, { type: 'telemetry' }>), metric });
          seq++;
          flush();
        };
        for (const one of deeds) {
          if (one.does === 'begin') {
            outbox.hold();
            running = one.metrics;
            for (let i = 0; i < one.count; i++) publish(one.metrics);
            outbox.control(now());
          } else if (one.does === 'stop') running = null;
          else if (one.does === 'turn') {
            own = own.length === 0 ? ['own'] : [];
            outbox.control(now());
          } else if (one.does === 'publish') for (let i = 0; i < one.count; i++) publish(running ?? []);
          else if (one.does === 'answer') for (let i = 0; i < one.count; i++) outbox.control(examples.result);
          else if (one.does === 'acknowledge') queue.splice(0, one.count);
          else {
            up = true;
            longest = one.longest;
            names = [];
            outbox.restore(queue.splice(0));
            outbox.first(now(), send);
          }
          flush();
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('UTC', () => {
  it('subtracts half of the round trip', () => {
    const utc = new UtcClock();
    expect([utc.known, utc.at(0)]).toEqual([false, null]);
    utc.ask(1_000_000);
    expect(utc.answer({ type: 'time', sentUs: 1_000_000, utcMs: 5_000_000 }, 1_200_000)).toBe(true);
    expect(utc.at(1_100_000)).toBe(5_000_000);
  });

  it('accepts a less accurate answer only when drift has made the old one even less accurate', () => {
    const utc = new UtcClock();
    const ask = (sentUs: number, rttUs: number, utcMs: number) => {
      utc.ask(sentUs);
      return utc.answer({ type: 'time', sentUs, utcMs }, sentUs + rttUs);
    };
    expect(ask(0, 10_000, 1000)).toBe(true);
    expect(ask(60e6, 40_000, 9000)).toBe(false);
    expect(ask(120e6, 8000, 121_000)).toBe(true);
    expect(ask(3600e6, 40_000, 9_000_000)).toBe(true);
  });

  it('ignores answers to another request, and all answers when UTC is known otherwise', () => {
    const utc = new UtcClock();
    utc.ask(5);
    expect(utc.answer({ type: 'time', sentUs: 4, utcMs: 1 }, 6)).toBe(false);
    expect(utc.answer({ type: 'time', sentUs: 5, utcMs: 1 }, 6)).toBe(true);
    expect(utc.answer({ type: 'time', sentUs: 5, utcMs: 1 }, 6)).toBe(false);
    const fixed = new UtcClock(1000);
    fixed.ask(5);
    expect([fixed.asks, fixed.answer({ type: 'time', sentUs: 5, utcMs: 1 }, 6), fixed.at(2000)]).toEqual([
      false,
      false,
      1002,
    ]);
  });
});

describe('a clipped line', () => {
  it.each([
    ['ready', 10, 'ready'],
    ['a\r\n\u001b[31mb', 20, 'a [31mb'],
    ['a\u0085\ufffeb', 20, 'a b'],
    ['éé', 3, 'é'],
    ['x😀', 4, 'x'],
    ['\ufffd'.repeat(100), 7, '\ufffd\ufffd'],
  ])('%j in %i bytes', (text, bytes, expected) => {
    expect(clip(text, bytes)).toBe(expected);
  });

  it('always fits into a log message', () => {
    const text = clip('\ufffd'.repeat(256), 256);
    expect(encodeMessage({ ...examples.log, text }).length).toBeLessThan(300);
  });
});
