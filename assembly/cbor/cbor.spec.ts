import { DECODER_BYTES, Decoder, ENCODER_BYTES, Encoder, MAX_DEPTH, NOTHING, TEXT } from './index';

const buffer = memory.data(256);
const encoder = changetype<Encoder>(memory.data(ENCODER_BYTES, 8));
const decoder = changetype<Decoder>(memory.data(DECODER_BYTES, 8));

function hex(): string {
  let text = '';
  for (let i = 0; i < encoder.length; i++) {
    const byte = load<u8>(buffer + i);
    text += '0123456789abcdef'.charAt(byte >> 4) + '0123456789abcdef'.charAt(byte & 15);
  }
  return text;
}

function begin(): Encoder {
  return encoder.begin(buffer, 256);
}

/** Copies bytes into the buffer and starts to decode them. */
function from(text: string): Decoder {
  const length = text.length >> 1;
  for (let i = 0; i < length; i++) store<u8>(buffer + i, <u8>U8.parseInt(text.substring(2 * i, 2 * i + 2), 16));
  return decoder.begin(buffer, length);
}

function int(value: i64, expected: string): void {
  begin().int(value);
  expect(hex()).toBe(expected);
  expect(from(expected).int()).toBe(value);
  expect(decoder.ok && decoder.done).toBe(true);
}

function uint(value: u64, expected: string): void {
  begin().uint(value);
  expect(hex()).toBe(expected);
  expect(from(expected).uint()).toBe(value);
  expect(decoder.ok && decoder.done).toBe(true);
}

function text(value: string, expected: string): void {
  begin().text(value);
  expect(hex()).toBe(expected);
  expect(from(expected).key(value)).toBe(true);
  expect(decoder.ok && decoder.done).toBe(true);
}

describe('RFC 8949, appendix A', () => {
  it('integers', () => {
    int(0, '00');
    int(1, '01');
    int(10, '0a');
    int(23, '17');
    int(24, '1818');
    int(25, '1819');
    int(100, '1864');
    int(1000, '1903e8');
    int(1000000, '1a000f4240');
    int(1000000000000, '1b000000e8d4a51000');
    uint(18446744073709551615, '1bffffffffffffffff');
    int(-1, '20');
    int(-10, '29');
    int(-100, '3863');
    int(-1000, '3903e7');
    int(i64.MIN_VALUE, '3b7fffffffffffffff');
    int(i64.MAX_VALUE, '1b7fffffffffffffff');
  });

  it('-18446744073709551616, which does not fit i64', () => {
    begin().negative(18446744073709551615);
    expect(hex()).toBe('3bffffffffffffffff');
    expect(from('3bffffffffffffffff').negative()).toBe(18446744073709551615);
    expect(from('3bffffffffffffffff').int()).toBe(0);
    expect(decoder.ok).toBe(false);
    expect(from('1bffffffffffffffff').int()).toBe(0);
    expect(decoder.ok).toBe(false);
  });

  it('false, true, null', () => {
    begin().bool(false).bool(true).null();
    expect(hex()).toBe('f4f5f6');
    expect(from('f4f5f6').bool()).toBe(false);
    expect(decoder.bool()).toBe(true);
    expect(decoder.null()).toBe(true);
    expect(decoder.ok && decoder.done).toBe(true);
  });

  it('tags', () => {
    begin().tag(1).int(1363896240).tag(23).bytes(buffer, 0);
    expect(hex()).toBe('c11a514b67b0d740');
    expect(from('c11a514b67b0').tag()).toBe(1);
    expect(decoder.int()).toBe(1363896240);
    expect(from('d74401020304').tag()).toBe(23);
    expect(decoder.bytes() - buffer).toBe(2);
    expect(decoder.length).toBe(4);
  });

  it('byte strings', () => {
    store<u32>(buffer + 128, 0x04030201);
    begin()
      .bytes(buffer + 128, 0)
      .bytes(buffer + 128, 4);
    expect(hex()).toBe('404401020304');
  });

  it('text', () => {
    text('', '60');
    text('a', '6161');
    text('IETF', '6449455446');
    text('"\\', '62225c');
    text('\u00fc', '62c3bc');
    text('\u6c34', '63e6b0b4');
    text('\ud800\udd51', '64f0908591');
  });

  it('arrays', () => {
    begin().array(0);
    expect(hex()).toBe('80');
    begin().array(3).int(1).int(2).int(3);
    expect(hex()).toBe('83010203');
    begin().array(3).int(1).array(2).int(2).int(3).array(2).int(4).int(5);
    expect(hex()).toBe('8301820203820405');
    begin().array(25);
    for (let i = 1; i <= 25; i++) encoder.int(i);
    expect(hex()).toBe('98190102030405060708090a0b0c0d0e0f101112131415161718181819');
    expect(from(hex()).array()).toBe(25);
    for (let i = 1; i <= 25; i++) expect(decoder.int()).toBe(i);
    expect(decoder.ok && decoder.done).toBe(true);
  });

  it('maps', () => {
    begin().map(0);
    expect(hex()).toBe('a0');
    begin().map(2).int(1).int(2).int(3).int(4);
    expect(hex()).toBe('a201020304');
    begin().map(2).text('a').int(1).text('b').array(2).int(2).int(3);
    expect(hex()).toBe('a26161016162820203');
    begin().array(2).text('a').map(1).text('b').text('c');
    expect(hex()).toBe('826161a161626163');
    from('a26161016162820203');
    expect(decoder.map()).toBe(2);
    expect(decoder.key('b')).toBe(false);
    expect(decoder.kind).toBe(TEXT);
    expect(decoder.key('a')).toBe(true);
    expect(decoder.int()).toBe(1);
    decoder.skip();
    decoder.skip();
    expect(decoder.ok && decoder.done).toBe(true);
  });
});

describe('the encoder', () => {
  it('omits an item that does not fit, and all after it', () => {
    encoder.begin(buffer, 5).text('abc').text('defg').int(1);
    expect(encoder.ok).toBe(false);
    expect(encoder.length).toBe(4);
    encoder.begin(buffer, 5).text('abcde');
    expect(encoder.ok).toBe(false);
    expect(encoder.length).toBe(0);
    encoder.begin(buffer, 0).null();
    expect(encoder.ok).toBe(false);
    encoder.begin(buffer, 9).uint(u64.MAX_VALUE);
    expect(encoder.ok).toBe(true);
    encoder.begin(buffer, 8).uint(u64.MAX_VALUE);
    expect(encoder.ok).toBe(false);
  });

  it('rejects negative lengths', () => {
    begin().bytes(buffer, -1);
    expect(encoder.ok).toBe(false);
    begin().raw(buffer, -1);
    expect(encoder.ok).toBe(false);
  });

  it('writes U+FFFD for half a surrogate pair', () => {
    begin().text('\ud800x');
    expect(hex()).toBe('64efbfbd78');
    begin().text('\udd51');
    expect(hex()).toBe('63efbfbd');
  });
});

describe('the decoder', () => {
  it('accepts heads that are longer than needed', () => {
    expect(from('1800').int()).toBe(0);
    expect(from('b90001').map()).toBe(0);
    expect(decoder.ok).toBe(false);
    expect(from('b900010102').map()).toBe(1);
  });

  it('rejects reserved, indefinite and truncated heads', () => {
    const broken = [
      '1c',
      '1f',
      '5f',
      '9f',
      'bf',
      'ff',
      '18',
      '1900',
      '1a000000',
      '1b00000000000000',
      'f800',
      'f81f',
      '41',
      '61',
      '81',
      'a101',
      'c1',
    ];
    for (let i = 0; i < broken.length; i++) {
      from(broken[i]).skip();
      expect(decoder.ok).toBe(false, broken[i]);
    }
  });

  it('rejects counts beyond the remaining bytes', () => {
    expect(from('9affffffff00').array()).toBe(0);
    expect(decoder.ok).toBe(false);
    expect(from('bb800000000000000000').map()).toBe(0);
    expect(decoder.ok).toBe(false);
  });

  it('skips items up to the maximum depth', () => {
    let deep = '';
    for (let i = 0; i < MAX_DEPTH; i++) deep += '81';
    from(deep + '00').skip();
    expect(decoder.ok && decoder.done).toBe(true);
    from('81' + deep + '00').skip();
    expect(decoder.ok).toBe(false);
  });

  it('skips floats and simple values', () => {
    from('f97e00').skip();
    expect(decoder.ok && decoder.done).toBe(true);
    from('fb3ff199999999999a').skip();
    expect(decoder.ok && decoder.done).toBe(true);
    from('f8ff').skip();
    expect(decoder.ok && decoder.done).toBe(true);
  });

  it('returns empty values after a failure', () => {
    from('0102').text();
    expect(decoder.ok).toBe(false);
    expect(decoder.int()).toBe(0);
    expect(decoder.kind).toBe(NOTHING);
    expect(decoder.null()).toBe(false);
  });
});
