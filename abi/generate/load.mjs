/** Reads the data of `abi/`, and rejects what a generator can't trust: each error names the file and the place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';

/** Files by the name under which generators find them. */
export const SOURCES = { abi: 'abi.json', operators: 'operators.json' };

/** Wrong data: the message says where, and what is allowed there. */
export class DataError extends Error {
  name = 'DataError';
}

/** The data of the folder `abi/` at `dir`. Throws `DataError`. */
export function load(dir) {
  const data = {};
  for (const [key, file] of Object.entries(SOURCES)) data[key] = parse(join(dir, file), file);
  return checked(data, dir);
}

/** `data`, after a check of every rule. Throws `DataError`. */
export function checked(data, dir) {
  for (const [key, file] of Object.entries(SOURCES)) checkSchema(data[key], file, dir);
  checkAbi(data.abi);
  checkOperators(data.operators);
  return data;
}

function parse(path, file) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new DataError(`abi/${file}: ${error.message}`);
  }
}

function checkSchema(value, file, dir) {
  const schema = file.replace('.json', '.schema.json');
  const validate = new Ajv({ allErrors: true }).compile(parse(join(dir, 'schemas', schema), `schemas/${schema}`));
  if (validate(value)) return;
  const what = validate.errors.map(({ instancePath, message, params }) => {
    const more = params.additionalProperty ?? params.allowedValues ?? params.allowedValue;
    return `  ${instancePath || '/'} ${message}${more === undefined ? '' : `: ${JSON.stringify(more)}`}`;
  });
  throw new DataError(`abi/${file} doesn't follow abi/schemas/${schema}:\n${what.join('\n')}`);
}

function unique(names, what, file) {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new DataError(`abi/${file}: ${what} ${twice} occurs twice`);
}

function checkAbi({ imports, exports, errors, levels }) {
  const file = SOURCES.abi;
  unique(
    [...imports, ...exports].map(({ name }) => name),
    'the function',
    file,
  );
  for (const { name, params } of [...imports, ...exports]) {
    unique(
      (params ?? []).map(([parameter]) => parameter),
      `${name}: the parameter`,
      file,
    );
  }
  unique(Object.values(errors), 'the error number', file);
  unique(Object.values(levels), 'the level', file);
}

function checkOperators({ records, operators }) {
  const file = SOURCES.operators;
  unique(
    operators.map(({ name }) => name),
    'the operator',
    file,
  );
  operators.forEach(({ name, number, record }, i) => {
    if (number !== i)
      throw new DataError(`abi/${file}: operator ${name} has number ${number}, at this place it is ${i}`);
    if (records[record] === undefined) throw new DataError(`abi/${file}: operator ${name} has no record '${record}'`);
  });
  for (const [name, { fields }] of Object.entries(records)) {
    unique(
      fields.map((field) => field.name),
      `the record ${name}: field`,
      file,
    );
    if (!operators.some(({ record }) => record === name))
      throw new DataError(`abi/${file}: no operator has the record ${name}`);
  }
}
