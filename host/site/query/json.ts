/** The JSON form of a question: docs/schemas/query.schema.json. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { MoteError, packagePath } from '../../base/index.ts';
import { checkQuery } from './check.ts';
import { QueryFault } from './fault.ts';
import { LIMITS, type Query } from './query.ts';

/** Deeper than any question that keeps the limit of expressions. */
const MAX_NESTING = 2 * LIMITS.depth;

let compiled: ValidateFunction<Query> | undefined;

function validator(): ValidateFunction<Query> {
  compiled ??= new Ajv({ allowUnionTypes: true, strictTypes: false, strictRequired: false }).compile<Query>(
    JSON.parse(readFileSync(packagePath('docs', 'schemas', 'query.schema.json'), 'utf8')),
  );
  return compiled;
}

/** Whether arrays and objects are nested deeper than `limit`; a validator of the schema calls itself for each level. */
function isDeeper(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((inner) => isDeeper(inner, limit - 1));
}

/** A value that keeps the schema and the rules beyond it. Throws a `QueryFault`. */
export function checkedQuery(value: unknown): Query {
  if (isDeeper(value, MAX_NESTING)) throw new QueryFault([], `The question has more than ${MAX_NESTING} nested parts.`);
  const valid = validator();
  if (!valid(value)) {
    // The last error is that of the outermost rule; the first is nearest to the mistake.
    const { instancePath, message, params, keyword } = valid.errors![0]!;
    const extra = 'additionalProperty' in params ? `: ${params.additionalProperty}` : '';
    const allowed = 'allowedValues' in params ? `: ${params.allowedValues.join(', ')}` : '';
    const path = instancePath.split('/').slice(1).map(unescapePointer);
    const what = keyword === 'false schema' ? 'contradicts another member' : `${message}${extra}${allowed}`;
    throw new QueryFault(path, `${path.join('.') || 'The question'} ${what}.`);
  }
  checkQuery(value);
  return value;
}

const unescapePointer = (part: string) => {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(text) ? Number(text) : text;
};

/** Parses and checks the JSON form. Throws `QUERY` with the place of the mistake. */
export function parseJsonQuery(text: string): Query {
  if (Buffer.byteLength(text) > LIMITS.textBytes) {
    throw new MoteError('QUERY', `The question is longer than ${LIMITS.textBytes} bytes.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MoteError('QUERY', `The question isn't JSON: ${(cause as Error).message}.`, { cause });
  }
  return queryOf(value);
}

/** The same for a value that was parsed from JSON. */
export function queryOf(value: unknown): Query {
  try {
    const { $schema: _, ...query } = checkedQuery(value) as Query & { $schema?: string };
    return query;
  } catch (cause) {
    if (!(cause instanceof QueryFault)) throw cause;
    const at = cause.path.length === 0 ? '' : ` (at /${cause.path.join('/')})`;
    throw new MoteError('QUERY', `${cause.message.replace(/\.$/, '')}${at}.`, { cause });
  }
}
