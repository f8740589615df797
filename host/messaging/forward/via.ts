/**
 * The sites that a message has passed, in the user property `via`: their names with spaces between them, first to last.
 * By it a message doesn't go in circles between sites that forward to one another.
 */
export const VIA = 'via';

/** Name of a site: 1 to 64 letters, digits, `_` and `-`. */
export const SITE = /^[A-Za-z0-9_-]{1,64}$/;

type UserProperties = Record<string, string | string[]>;

export interface Passage {
  site: string;
  remoteSite: string | undefined;
  /** Sites that may forward a message, with this one. */
  maxHops: number;
}

/** Returns the user properties of a message that `site` forwards, or null if it must not. */
export function nextVia(properties: UserProperties, { site, remoteSite, maxHops }: Passage): UserProperties | null {
  // One that is repeated is wrong, and counts as all of them.
  const passed = [properties[VIA] ?? []].flat().flatMap((text) => text.split(' ').filter((name) => name !== ''));
  if (passed.length >= maxHops || passed.includes(site)) return null;
  if (remoteSite !== undefined && passed.includes(remoteSite)) return null;
  return { ...properties, [VIA]: [...passed, site].join(' ') };
}
