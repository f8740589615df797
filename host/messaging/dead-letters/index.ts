/** Messages that could not be delivered, in a folder; sends them again. */
export {
  DeadLetters,
  type DeadLettersOptions,
  dropLetter,
  type LetterFolder,
  readLetters,
  type StoredLetter,
} from './dead-letters.ts';
export type { Direction, Letter } from './letter.ts';
export { type SendLettersOptions, sendLetters } from './send.ts';
