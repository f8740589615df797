/** Sentences of abi/errors.json: what a node reports by number and arguments, as this process writes it. */
import { PHRASES, SENTENCES, type Sentence, type SentenceId } from './abi/index.ts';
import { MoteError } from './error.ts';

/** A place of a sentence: the argument's number or `text`, and its form. */
export const PLACEHOLDER = /\{(\d|text)(?:\|([a-z0-9_]+))?\}/g;

const byId: ReadonlyMap<string, Sentence> = new Map(SENTENCES.map((entry) => [entry.id, entry]));

/** The sentence with its places filled, in the order in which they stand in it. */
export function sentence(id: SentenceId, ...args: (number | string)[]): string {
  const rest = [...args];
  return byId.get(id)!.text.replace(PLACEHOLDER, (_, _argument, form?: string) => {
    const value = rest.shift() ?? '';
    return typeof value === 'string' ? value : writtenNumber(value, form);
  });
}

/** The code of the sentence, which may be empty, and the sentence. */
export function codedSentence(id: SentenceId, ...args: (number | string)[]): { code: Sentence['code']; text: string } {
  return { code: byId.get(id)!.code, text: sentence(id, ...args) };
}

/** The error with the sentence and its code. */
export function sentenceError(id: SentenceId, ...args: (number | string)[]): MoteError {
  const { code, text } = codedSentence(id, ...args);
  if (code === '') throw new Error(`The sentence ${id} has no code.`);
  return new MoteError(code, text);
}

/** A number as a place of this form shows it: decimal, `hex`, or a phrase of the list with that name. */
export function writtenNumber(value: number, form: string | undefined): string {
  if (form === undefined) return `${value}`;
  if (form === 'hex') return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
  const phrases: readonly string[] = PHRASES[form as keyof typeof PHRASES];
  return phrases[value] ?? `${value}`;
}
