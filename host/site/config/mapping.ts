/** Mapping files, which connections of a site name: YAML, checked by a schema. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { parseDocument } from 'yaml';
import { type ErrorCode, MoteError, packagePath } from '../../base/index.ts';

const MAX_BYTES = 8 * 1024 * 1024;
const compiled = new Map<string, ValidateFunction>();

/** `path` is for errors. Throws `code` with the place. */
export function parseMappingFile<T>(text: string, path: string, schema: string, code: ErrorCode): T {
  const bad = (what: string, cause?: unknown) => new MoteError(code, `${path}: ${what}`, { cause });
  if (Buffer.byteLength(text) > MAX_BYTES) throw bad(`it has more than ${MAX_BYTES} bytes`);
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw bad(error.message.split('\n')[0]!);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (cause) {
    throw bad((cause as Error).message, cause);
  }
  const valid = compiled.get(schema) ?? compile(schema);
  if (valid(value)) return value as T;
  const { instancePath, message, params } = valid.errors![0]!;
  const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
  throw bad(`${instancePath || 'it'} ${message}${extra}`);
}

function compile(schema: string): ValidateFunction {
  const valid = new Ajv({ allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(packagePath('docs', 'schemas', schema), 'utf8')) as object,
  );
  compiled.set(schema, valid);
  return valid;
}
