/**
 * Names and texts. The path of an asset is the names from the top to it with `/` between them, and is its id. A path is
 * also the end of an MQTT topic and a row of OPC UA browse names, so a name has no character that either can't carry.
 */
import { isWireText } from '../../base/index.ts';
import { LEVELS } from '../model/index.ts';

/** Characters of one name. OPC UA allows 512 (OPC 10000-3, section 8.3). */
export const MAX_NAME = 64;
export const MAX_PATH = LEVELS.length * (MAX_NAME + 1) - 1;
/** Characters of a value of a tag or of context. */
export const MAX_VALUE = 1000;
/** Characters of a device's name, as in the store. */
export const MAX_DEVICE = 256;

/** What ends or widens a level of a topic (MQTT 5, section 4.7.1), and characters that nobody sees. */
const FORBIDDEN = /[/+#\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const KEY = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** The composed form (NFC), so that two spellings of one name are one asset. */
export const composed = (text: string): string => text.trim().normalize('NFC');

/** Null if it is a name; else what is wrong, as the end of a sentence. */
export function nameFault(name: string): string | null {
  if (name.length === 0) return 'is empty';
  if (name.length > MAX_NAME) return `has more than ${MAX_NAME} characters`;
  if (FORBIDDEN.test(name)) return 'has "/", "+", "#", or a character that is not visible';
  // Topics that begin so belong to the broker (MQTT 5, section 4.7.2).
  if (name.startsWith('$')) return 'begins with "$"';
  // An address of the API would lose them.
  if (name === '.' || name === '..') return 'consists of dots only';
  if (name !== composed(name)) return 'has spaces around it, or is not in Unicode Normalization Form C';
  return null;
}

export function pathFault(path: string): string | null {
  const names = path.split('/');
  if (names.length > LEVELS.length) return `has ${names.length} names, more than there are levels`;
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== null) return names.length === 1 ? fault : `has the name "${name}", which ${fault}`;
  }
  return null;
}

/** Of a tag or a kind of context. */
export function keyFault(key: string): string | null {
  return KEY.test(key) ? null : 'is not 1 to 64 letters, digits, "_", "." and "-" that begin with a letter';
}

export function textFault(text: string, max: number): string | null {
  if (text.length === 0) return 'is empty';
  if (text.length > max) return `has more than ${max} characters`;
  if (!isWireText(text)) return 'has a control character or an invalid one';
  return text === text.trim() ? null : 'has spaces around it';
}

/** Null for a path of one name. */
export function parentOf(path: string): string | null {
  const end = path.lastIndexOf('/');
  return end < 0 ? null : path.slice(0, end);
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The path and all above it, from the top. */
export function pathsTo(path: string): string[] {
  const names = path.split('/');
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}

export const isWithin = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);
