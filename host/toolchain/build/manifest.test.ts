import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { cases } from '../../base/test-form.ts';
import { parseManifest } from './manifest.ts';

const GOOD = { name: 'door-bell', version: '1.0.0' };

describe('mote.json', () => {
  it('needs only a name and a version', () => {
    expect(parseManifest(JSON.stringify(GOOD))).toEqual({
      name: 'door-bell',
      version: '1.0.0',
      entry: 'app.ts',
      models: {},
      sequence: 1,
      config: {},
      trialMs: 10_000,
      fuel: null,
      product: '',
      node: '',
      group: '',
      maxStep: 1_000_000,
    });
  });

  it('names the nodes that may run the app, and the largest step of its sequence', () => {
    const target = { product: 'door', node: 'door-7', group: 'hall-2', maxStep: 5 };
    expect(parseManifest(JSON.stringify({ ...GOOD, ...target }))).toMatchObject(target);
  });

  it.each<[unknown, RegExp]>([
    [{ ...GOOD, product: '' }, /"product": "", but it must be 1 to 64 letters/],
    [{ ...GOOD, product: 7 }, /"product": 7/],
    [{ ...GOOD, node: 'door 7' }, /"node": "door 7"/],
    [{ ...GOOD, group: 'g'.repeat(65) }, /"group"/],
    [{ ...GOOD, maxStep: 0 }, /"maxStep": 0, but it must be an integer from 1 to 4294967295/],
    [[], /needs an object/],
    [null, /needs an object/],
    [{ version: '1.0.0' }, /lacks "name"/],
    [{ ...GOOD, name: 'Door Bell' }, /"name": "Door Bell", but it must be lower-case letters/],
    [{ ...GOOD, name: 'a'.repeat(65) }, /"name"/],
    [{ name: 'x' }, /lacks "version": a semantic version/],
    [{ ...GOOD, version: '1.0' }, /"version": "1.0"/],
    [{ ...GOOD, version: '01.0.0' }, /"version"/],
    [{ ...GOOD, entry: '/etc/passwd' }, /"entry"/],
    [{ ...GOOD, entry: 'app.js' }, /"entry": "app.js", but it must be a path to a \.ts file/],
    [{ ...GOOD, models: [] }, /needs an object \{\.\.\.\} for models/],
    [{ ...GOOD, models: { speech: 5 } }, /"models\.speech": 5/],
    [
      { ...GOOD, models: { speech: 'm.onnx' } },
      /"models\.speech": "m\.onnx", but it must be a path to a \.tflite file/,
    ],
    [{ ...GOOD, models: { '../speech': 'm.tflite' } }, /"\.\.\/speech" in "models", but a name there must be a word/],
    [{ ...GOOD, models: { config: 'm.tflite' } }, /"config"/],
    [{ ...GOOD, models: { entry: 'm.tflite' } }, /can't call a model "entry"/],
    [{ ...GOOD, models: { a: 'sub\\m.tflite' } }, /"models\.a": .*with \//],
    [{ ...GOOD, entry: 'sub\\app.ts' }, /"entry": .*with \//],
    [{ ...GOOD, entry: "a'b.ts" }, /"entry": /],
    [{ ...GOOD, models: { 'my-model': 'm.tflite' } }, /lower-case letter.*no dashes/],
    [{ ...GOOD, sequence: 0 }, /"sequence": 0, but it must be an integer from 1/],
    [{ ...GOOD, sequence: 1.5 }, /"sequence": 1\.5/],
    [{ ...GOOD, sequence: '1' }, /"sequence": "1"/],
    [
      { ...GOOD, config: { limit: 2 ** 31 } },
      /"config\.limit": 2147483648, but it must be an integer from -2147483648/,
    ],
    [{ ...GOOD, config: { limit: 'high' } }, /"config\.limit": "high"/],
    [{ ...GOOD, config: { while: 1 } }, /"while" in "config"/],
    [{ ...GOOD, config: { "x'); trap(": 1 } }, /in "config"/],
    [{ ...GOOD, trialMs: 5 }, /"trialMs": 5, but it must be an integer from 100/],
    [{ ...GOOD, fuel: -1 }, /"fuel": -1/],
    [{ ...GOOD, trial: 5000 }, /unknown field "trial"; it may have name, version/],
  ])('rejects %j', (json, expected) => {
    expect(() => parseManifest(JSON.stringify(json))).toThrow(expected);
    expect(() => parseManifest(JSON.stringify(json))).toThrow(expect.objectContaining({ code: 'BUILD_MANIFEST' }));
  });

  it('accepts the byte order mark of an editor', () => {
    expect(parseManifest(`\ufeff${JSON.stringify(GOOD)}`)).toEqual(parseManifest(JSON.stringify(GOOD)));
  });

  it('rejects text that is not JSON', () => {
    expect(() => parseManifest('{ name: ')).toThrow(/mote\.json is not JSON: /);
  });

  it('returns a manifest or one clear error for any input', () => {
    const text = JSON.stringify({ ...GOOD, models: { a: 'm.tflite' }, config: { b: 1 }, trialMs: 500, fuel: 10_000 });
    const accepted = (input: string) => {
      try {
        parseManifest(input);
        return true;
      } catch (error) {
        if (!(error instanceof MoteError) || error.code !== 'BUILD_MANIFEST') throw error;
        return false;
      }
    };
    let state = 1;
    let count = 0;
    for (let run = 0; run < cases(100_000); run++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const at = state % text.length;
      const letter = String.fromCharCode(32 + ((state >>> 16) % 95));
      if (accepted(text.slice(0, at) + letter + text.slice(at + 1 + (state >>> 30)))) count++;
    }
    expect(count).toBeGreaterThan(cases(1000));
    expect(count).toBeLessThan(cases(99_000));
    fc.assert(fc.property(fc.json(), (json) => void accepted(json)));
  });
});
