/** What the generators of all languages ask about operator records. */

/** Words that a record takes. */
export const wordsOf = ({ fields }) => fields.reduce((sum, { count = 1 }) => sum + count, 0);

/** Words of the longest record. */
export const longestOf = ({ records }) => Math.max(...Object.values(records).map(wordsOf));

const KIND = { arena: 'Arena offset. ', rom: 'Rom offset. ', f32: 'float32. ', i32: '' };

/** The comment of a field. */
export const fieldText = ({ type, description }) => `${KIND[type]}${description}`;
