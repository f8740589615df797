import { describe, expect, it } from 'vitest';
import { PHASES, PHRASES, ReasonConstant, SENTENCES } from '../../base/abi/index.ts';
import { encodeMessage, parseMessage } from './codec.ts';
import type { Message } from './messages.ts';
import { placeIn, type Report, renderReport, reportLine, reportOf, reportOfLine } from './reason.ts';

/** Arguments for a sentence: each number another, each phrase the last of its list. */
function argumentsFor(sentence: string): Pick<Report, 'numbers' | 'text'> {
  const numbers: number[] = [];
  let text = '';
  for (const [, argument, form] of sentence.matchAll(/\{(\d|text)(?:\|([a-z0-9_]+))?\}/g)) {
    if (argument === 'text') text = "it's é";
    else if (form === undefined || form === 'hex') numbers[Number(argument)] = 1000 + Number(argument);
    else numbers[Number(argument)] = PHRASES[form as keyof typeof PHRASES].length - 1;
  }
  return { numbers, text };
}

describe('a reason', () => {
  const rows = SENTENCES.map(({ code, text }, i) => ({ number: i + 1, code, text })).slice(1);
  it.each(rows)('renders, and finds again, sentence $number: $code $text', ({ number, text }) => {
    const report: Report = { number, during: 0, ...argumentsFor(text) };
    const { code, text: rendered } = renderReport(report);
    expect(rendered).not.toMatch(/\{\d|\|/);
    expect(renderReport(reportOf({ code, text: rendered }))).toEqual({ code, text: rendered });
    expect(reportOf({ code, text: rendered })).toEqual(report);
  });

  it('says what the module was doing', () => {
    for (const [i, phase] of PHASES.entries()) {
      const report: Report = { number: 54, during: i + 1, numbers: [], text: 'out of bounds memory access' };
      expect(renderReport(report).text).toBe(`${phase}: the module trapped: out of bounds memory access`);
      expect(reportOf(renderReport(report))).toEqual(report);
    }
  });

  it('has the place in the module as one number more than its sentence', () => {
    const report: Report = { number: 56, during: 3, numbers: [1, 0x3f1], text: '9000' };
    const text = 'step at 0x3f1: step spent more than its 9000 units of fuel';
    expect(renderReport(report)).toEqual({ code: 'TRAP_FUEL', text });
    expect(reportOf({ code: 'TRAP_FUEL', text })).toEqual(report);
    expect(reportOfLine(`TRAP_FUEL ${text}`)).toEqual(report);
    expect([placeIn(text), placeIn(`TRAP_FUEL ${text}`), placeIn('step: step spent')]).toEqual([0x3f1, 0x3f1, null]);
  });

  it('that no sentence has travels as its code and text', () => {
    const reason = { code: 'MODEL_FORMAT', text: 'Something else.' };
    expect(reportOf(reason)).toEqual({ number: 1, during: 0, numbers: [], text: 'MODEL_FORMAT Something else.' });
    expect(renderReport(reportOf(reason))).toEqual(reason);
    expect(renderReport(reportOf({ code: '', text: 'anything' }))).toEqual({ code: '', text: 'anything' });
  });

  it('of a newer node shows its number and its arguments', () => {
    const report: Report = { number: 4711, during: 200, numbers: [3, -1], text: 'x' };
    expect(renderReport(report)).toEqual({
      code: 'REASON_4711',
      text: 'phase 200: reason 4711 (3, -1, "x") of a newer node',
    });
    expect(renderReport({ ...report, numbers: [], text: '', during: 0 }).text).toBe('reason 4711 of a newer node');
  });

  it('has at most 160 bytes, cut between characters', () => {
    const { text } = renderReport({ number: 52, during: 1, numbers: [], text: 'é'.repeat(80) });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(ReasonConstant.renderedBytes);
    expect(text).toMatch(/é$/);
  });

  it('is a line of a log with its code in front; other lines are no reasons', () => {
    const report: Report = { number: 73, during: 0, numbers: [3, 0x1234, 0xffff_fffe, 0], text: '' };
    const line =
      'NODE_WATCHDOG the watchdog restarted the node: exception 3 at 0x00001234, address 0xfffffffe, status 0x00000000';
    expect(reportLine(report)).toBe(line);
    expect(reportOfLine(line)).toEqual(report);
    expect(reportOfLine('hello')).toBeNull();
  });
});

describe('messages with reasons', () => {
  const sha256 = new Uint8Array(32);
  const messages: Message[] = [
    {
      type: 'ota',
      state: 'refused',
      sequence: 2,
      sha256,
      received: 0,
      total: 9,
      reason: { code: 'OTA_GAP', text: 'Bytes from 9 came when 3 was next; send them from there.' },
    },
    { type: 'log', level: 'error', tMs: 5, text: 'TRAP_FUEL step: step spent more than its 9000 units of fuel' },
    { type: 'log', level: 'info', tMs: 5, text: 'a line of the module' },
    { type: 'result', id: 1, ok: false, reason: { code: '', text: "the module takes no command 'blink'" } },
    { type: 'result', id: 1, ok: false, reason: { code: 'TRAP_DIVIDE', text: 'on_message: the module trapped: x' } },
    { type: 'result', id: 1, ok: true },
  ];
  it.each(messages)('come out as they went in: $type $#', (message) => {
    expect(parseMessage(encodeMessage(message))).toEqual(message);
  });

  it.each([
    [
      'ota',
      `890505025820${'00'.repeat(32)}0009f6f682674f54415f474150626e6f`,
      { reason: { code: 'OTA_GAP', text: 'no' } },
    ],
    ['log', '840400056568656c6c6f', { text: 'hello' }],
    ['result', '840701f4626e6f', { ok: false, reason: { code: '', text: 'no' } }],
  ])('of nodes of earlier versions, which sent texts, are read: %s', (type, hex, fields) => {
    expect(parseMessage(new Uint8Array(Buffer.from(hex, 'hex')))).toMatchObject({ type, ...fields });
  });
});
