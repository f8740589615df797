/**
 * Decoders that were accepted while a site ran, in its registry. Each acceptance and removal is a new version of the
 * name, so the table shows what was valid when. Those of site.yaml come before them: its author decides.
 */
import { MoteError } from '../../base/index.ts';
import type { NamedDecoder } from '../config/index.ts';
import { createDecoder } from '../decode/index.ts';
import type { Registry } from '../store/index.ts';

interface Version {
  readonly version: number;
  /** Null: it was removed. */
  readonly decoder: NamedDecoder | null;
}

/** The accepted decoders in the order of their first acceptance. Throws `STORE_DATA`. */
export async function readAccepted(registry: Registry): Promise<NamedDecoder[]> {
  const latest = await versions(registry);
  return [...latest.values()].flatMap(({ decoder }) => (decoder === null ? [] : [decoder]));
}

/** Keeps a decoder, in place of an earlier one of its name. */
export async function writeAccepted(registry: Registry, decoder: NamedDecoder, nowUs: number): Promise<void> {
  await write(registry, decoder.name, { topics: decoder.topics, decoder: decoder.decoder }, nowUs);
}

/** Throws `OFFER` if there is none of the name. */
export async function removeAccepted(registry: Registry, name: string, nowUs: number): Promise<void> {
  const found = (await versions(registry)).get(name);
  if (found?.decoder == null)
    throw new MoteError('OFFER', `No accepted decoder is named ${name}; those of site.yaml are removed there.`);
  await write(registry, name, { removed: true }, nowUs);
}

async function write(registry: Registry, name: string, body: object, nowUs: number): Promise<void> {
  await registry.transaction(async (sql) => {
    const [row] = await sql.query('SELECT max(version) AS version FROM decoders WHERE name = $1', [name]);
    await sql.query('INSERT INTO decoders (name, version, body, created) VALUES ($1, $2, $3, $4)', [
      name,
      Number(row?.version ?? 0) + 1,
      JSON.stringify(body),
      nowUs,
    ]);
  });
}

async function versions(registry: Registry): Promise<Map<string, Version>> {
  const rows = await registry.query('SELECT name, version, body FROM decoders ORDER BY created, name, version');
  const latest = new Map<string, Version>();
  for (const row of rows) {
    const [name, version] = [String(row.name), Number(row.version)];
    if ((latest.get(name)?.version ?? 0) < version) latest.set(name, { version, decoder: decoderOf(name, row.body) });
  }
  return latest;
}

function decoderOf(name: string, text: unknown): NamedDecoder | null {
  try {
    const body = JSON.parse(String(text)) as { removed?: true; topics: string[]; decoder: unknown };
    if (body.removed === true) return null;
    createDecoder(body.decoder);
    if (!Array.isArray(body.topics) || body.topics.some((topic) => typeof topic !== 'string'))
      throw new Error('its topics are no list of texts');
    return { name, topics: body.topics, decoder: body.decoder };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new MoteError('STORE_DATA', `The accepted decoder ${name} in the registry can't be used: ${why}`, { cause });
  }
}
