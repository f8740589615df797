/** What the generators ask about the sentences that a node reports. */

/** A placeholder: `{0}` is a number, `{0|hex}` one in hexadecimal, `{0|NAME}` a phrase of that list, `{text}` the text. */
export const PLACEHOLDER = /\{(\d|text)(?:\|([a-z0-9_]+))?\}/g;

/** Placeholders of a sentence: number of the argument, null for the text, and how it is written. */
export const placeholdersOf = (text) =>
  [...text.matchAll(PLACEHOLDER)].map(([, argument, form]) => ({
    number: argument === 'text' ? null : Number(argument),
    form: form ?? null,
  }));

/** How many numbers the sentence with the most has. */
export const mostNumbers = (sentences) =>
  Math.max(...sentences.flatMap(({ text }) => placeholdersOf(text).map(({ number }) => (number ?? -1) + 1)));
