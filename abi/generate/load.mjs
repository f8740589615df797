/** Reads the data of `abi/`, and rejects what a generator can't trust: each error names the file and the place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { placeholders } from './constants.mjs';
import { placeholdersOf } from './sentences.mjs';

/** Files by the name under which generators find them. */
export const SOURCES = {
  abi: 'abi.json',
  operators: 'operators.json',
  constants: 'constants.json',
  limits: 'limits.json',
  errors: 'errors.json',
};

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
  checkConstants(data.constants);
  checkLimits(data.limits, data.constants);
  checkErrors(data.errors);
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

function checkConstants({ enums, letters, messages }) {
  const file = SOURCES.constants;
  for (const key of ['name', 'id', 'number']) {
    unique(
      messages.map((message) => message[key]),
      `the message with the ${key}`,
      file,
    );
  }
  unique([...Object.keys(enums), ...Object.keys(letters), 'message_type'], 'the enumeration', file);
  for (const { name, number, from } of messages) {
    if (number < 16 !== (from === 'node'))
      throw new DataError(
        `abi/${file}: message ${name} has number ${number}; those of a node are below 16, those of a shim from 16 on`,
      );
  }
}

function checkLimits({ limits }, { groups }) {
  for (const { what, maximum, beyond } of limits) {
    for (const [group, name] of placeholders(`${what} ${maximum} ${beyond}`)) {
      if (groups[group]?.constants[name] === undefined)
        throw new DataError(
          `abi/${SOURCES.limits}: '${what}' refers to {${group}.${name}}, which abi/${SOURCES.constants} doesn't define`,
        );
    }
  }
}

function checkErrors({ groups, phrases, sentences }) {
  const file = SOURCES.errors;
  const codes = groups.flatMap((group) => Object.keys(group.codes));
  unique(codes, 'the code', file);
  unique(
    sentences.map(({ id }) => id),
    'the sentence',
    file,
  );
  sentences.forEach(({ id, number, code, text }, i) => {
    if (number !== i + 1)
      throw new DataError(`abi/${file}: sentence ${id} has number ${number}, at this place it is ${i + 1}`);
    if (code !== '' && !codes.includes(code))
      throw new DataError(`abi/${file}: sentence ${id} has the unknown code ${code}`);
    for (const { form } of placeholdersOf(text)) {
      if (form !== null && form !== 'hex' && phrases[form] === undefined)
        throw new DataError(`abi/${file}: sentence ${id} refers to the phrases ${form}, which don't exist`);
    }
  });
}
