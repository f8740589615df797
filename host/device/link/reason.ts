/**
 * Why a node rejected or rolled back something. It travels, and lies in flash, as the number of a sentence of
 * abi/errors.json with its arguments (docs/spec/link.md, "Reason"); this file renders it, and finds the number of a
 * sentence that this process made.
 */
import { PHASES, PHRASES, ReasonConstant, SENTENCES, type Sentence, type SentenceId } from '../../base/abi/index.ts';
import { clip, codedSentence, PLACEHOLDER, writtenNumber } from '../../base/index.ts';

/** A stable code and a sentence. */
export interface Reason {
  code: string;
  text: string;
}

/** A reason as it travels. */
export interface Report {
  /** Of a sentence; one that this version doesn't have comes from a newer node. */
  number: number;
  /** What the module was doing: 0 for nothing, or the number of a phase. */
  during: number;
  numbers: number[];
  text: string;
}

/** The sentence whose text is code and text of a reason that no other sentence has. */
const OTHER = 1;
/** A line that begins with a code. */
const WITH_CODE = /^([A-Z][A-Z0-9_]*) (.*)$/s;

/** The reason with this sentence and its code. */
export const reason: (id: SentenceId, ...args: (number | string)[]) => Reason = codedSentence;

/** The reason that a node reports. Its text has at most 160 bytes. */
export function renderReport(report: Report): Reason {
  const { code, text } = render(report);
  return { code, text: clip(text, ReasonConstant.renderedBytes) };
}

/** The same as one line, as it stands in a log. */
export function reportLine(report: Report): string {
  const { code, text } = renderReport(report);
  return code === '' ? text : `${code} ${text}`;
}

/** A reason as it travels. */
export function reportOf({ code, text }: Reason): Report {
  const line = clip(text, Number.POSITIVE_INFINITY);
  const rest = clip(line, ReasonConstant.renderedBytes);
  return find(code, line) ?? other(code === '' ? rest : `${code} ${rest}`);
}

/** A line of a log, with or without a code; null when it is no sentence of a node. */
export function reportOfLine(line: string): Report | null {
  const [, code = '', text = line] = WITH_CODE.exec(line) ?? [];
  return find(code, text);
}

/** The numbers in a line that is the sentence `id`; null for another line. */
export function numbersIn(line: string, id: SentenceId): number[] | null {
  const report = reportOfLine(line);
  return report !== null && SENTENCES[report.number - 1]?.id === id ? report.numbers : null;
}

function other(text: string): Report {
  return { number: OTHER, during: 0, numbers: [], text: clip(text, ReasonConstant.textBytes) };
}

function render({ number, during, numbers, text }: Report): Reason {
  const entry: Sentence | undefined = SENTENCES[number - 1];
  const phase = PHASES[during - 1] ?? `phase ${during}`;
  const place = entry === undefined || during === 0 ? undefined : numbers[numbersOf(entry)];
  const begin = during === 0 ? '' : faultBegin(phase, place);
  if (entry === undefined) {
    const given = [...numbers, ...(text === '' ? [] : [JSON.stringify(text)])].join(', ');
    return {
      code: `REASON_${number}`,
      text: `${begin}reason ${number}${given === '' ? '' : ` (${given})`} of a newer node`,
    };
  }
  if (number === OTHER) {
    const [, code = '', rest = text] = WITH_CODE.exec(text) ?? [];
    return { code, text: begin + rest };
  }
  const filled = entry.text.replace(PLACEHOLDER, (_, argument: string, form?: string) =>
    argument === 'text' ? text : writtenNumber(numbers[Number(argument)] ?? 0, form),
  );
  return { code: entry.code, text: begin + filled };
}

/** The numbers of a sentence. One more is the place in the module where it failed: its offset. */
const numbersOf = ({ text }: Sentence): number =>
  Math.max(
    0,
    ...[...text.matchAll(PLACEHOLDER)].map(([, argument]) => (argument === 'text' ? 0 : Number(argument) + 1)),
  );

/** What begins the sentence of a module that failed. */
const BEGIN = new RegExp(`^(${PHASES.join('|')})(?: at 0x([0-9a-f]{1,8}))?: `);

/** The place in the module that a rendered reason, or its line, names: the offset of an instruction; null for none. */
export function placeIn(text: string): number | null {
  const place = BEGIN.exec(text.replace(/^[A-Z][A-Z0-9_]* /, ''))?.[2];
  return place === undefined ? null : Number.parseInt(place, 16);
}

/** How a sentence begins that reports the fault of a module. */
export function faultBegin(during: string, place: number | undefined): string {
  return place === undefined ? `${during}: ` : `${during} at 0x${place.toString(16)}: `;
}

/** The first sentence with this code that renders to this text. */
function find(code: string, text: string): Report | null {
  const [begin = '', phase = '', place] = BEGIN.exec(text) ?? [];
  const during = (PHASES as readonly string[]).indexOf(phase) + 1;
  const rest = text.slice(begin.length);
  for (const [i, entry] of SENTENCES.entries()) {
    if (i + 1 === OTHER || entry.code !== code) continue;
    const found = argumentsIn(i, rest);
    if (found === null) continue;
    if (place !== undefined) found.numbers.push(Number.parseInt(place, 16));
    const report = { number: i + 1, during, ...found };
    const fits =
      Buffer.byteLength(report.text) <= ReasonConstant.textBytes && report.numbers.every(Number.isSafeInteger);
    if (fits && render(report).text === text) return report;
  }
  return null;
}

const patterns = new Map<number, { pattern: RegExp; places: { number: number | null; form: string | undefined }[] }>();

/** What stands in the places of a sentence, null for another text. */
function argumentsIn(index: number, text: string): { numbers: number[]; text: string } | null {
  const { pattern, places } = patternOf(index);
  const match = pattern.exec(text);
  if (match === null) return null;
  const found = { numbers: [] as number[], text: '' };
  places.forEach(({ number, form }, i) => {
    const value = match[i + 1]!;
    if (number === null) found.text = value;
    else found.numbers[number] = read(value, form);
  });
  return found;
}

function read(value: string, form: string | undefined): number {
  if (form === undefined || form === 'hex') return Number(value);
  return (PHRASES[form as keyof typeof PHRASES] as readonly string[]).indexOf(value);
}

function patternOf(index: number) {
  const known = patterns.get(index);
  if (known !== undefined) return known;
  const { text } = SENTENCES[index]!;
  const places = [...text.matchAll(PLACEHOLDER)].map(([, argument, form]) => ({
    number: argument === 'text' ? null : Number(argument),
    form,
  }));
  const literal = text.split(PLACEHOLDER).filter((_, i) => i % 3 === 0);
  const source = literal.map((part, i) => escaped(part) + (i < places.length ? placePattern(places[i]!) : '')).join('');
  const made = { pattern: new RegExp(`^${source}$`, 's'), places };
  patterns.set(index, made);
  return made;
}

function placePattern({ number, form }: { number: number | null; form: string | undefined }): string {
  if (number === null) return '(.*)';
  if (form === undefined) return '(-?\\d{1,16})';
  if (form === 'hex') return '(0x[0-9a-f]{8})';
  return `(${PHRASES[form as keyof typeof PHRASES].map(escaped).join('|')})`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
