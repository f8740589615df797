import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { MemoryFlash } from '../flash/index.ts';
import { SlotStore } from '../update/slots.ts';
import type { Metadata } from './metadata.ts';
import { encodeMetadata } from './metadata-codec.ts';
import { buildPackage, openPackage } from './package.ts';

const read = (name: string) => readFileSync(packagePath('docs', 'spec', name), 'utf8');
function example(spec: string, name: string): Uint8Array {
  const block = new RegExp(`\`\`\`hex ${name}\n([^\`]*)\`\`\``).exec(spec)?.[1] ?? '';
  return new Uint8Array(Buffer.from(block.replaceAll('\n', ''), 'hex'));
}

describe('docs/spec/flash.md', () => {
  it('shows the journal of a new node with the contents that it describes', () => {
    const contents = Buffer.from('7061636b6167652031', 'hex');
    const flash = new MemoryFlash({ sizeBytes: 8 * 4096 });
    SlotStore.open(flash).install(1, contents);
    const shown = example(read('flash.md'), 'slots');
    expect(flash.read(0, shown.length)).toEqual(shown);
    expect(flash.read(shown.length, 64)).toEqual(new Uint8Array(64).fill(0xff));
    const image = new Uint8Array(8 * 4096).fill(0xff);
    image.set(shown);
    image.set(contents, 2 * 4096);
    const store = SlotStore.open(new MemoryFlash({ sizeBytes: image.length, image }));
    expect(store.boot()).toMatchObject({ slot: 0, state: 'confirmed', sequence: 1, total: 9 });
    expect(store.read(0)).toEqual(new Uint8Array(contents));
  });
});

describe('docs/spec/package.md', () => {
  const spec = read('package.md');
  const metadata: Metadata = {
    name: 'blink',
    version: '1.0.0',
    abi: 65536,
    memoryBytes: 1024,
    sensors: [],
    metrics: [],
    commands: [],
    models: [],
    fuel: 1000n,
    trialMs: 5000,
    product: 'door',
    node: '',
    group: '',
    maxStep: 1_000_000,
  };
  const wasm = new Uint8Array(Buffer.from('0061736d01000000', 'hex'));
  const rom = Uint8Array.of(1, 2, 3, 4);
  // RFC 8032, section 7.1, test 1.
  const x = /public key\s+`([0-9a-f]{64})`/.exec(spec)?.[1] ?? '';
  const d = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
  const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(x) };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const privateKey = createPrivateKey({ key: { ...jwk, d: base64url(d) }, format: 'jwk' });

  it('shows the bytes of a package with the contents that it describes', () => {
    const shown = example(spec, 'package');
    expect(buildPackage({ wasm, rom, metadata, sequence: 1, privateKey })).toEqual(shown);
    expect(openPackage(shown, [publicKey])).toMatchObject({ sequence: 1, wasm, rom, metadata });
  });

  it('states the size of the example, and how much of it is not payload', () => {
    const { length } = example(spec, 'package');
    const payload = wasm.length + rom.length + encodeMetadata(metadata).length;
    expect(spec).toContain(`${length} bytes, ${length - payload} of them not payload`);
  });
});
