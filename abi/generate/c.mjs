/** Bindings in C, for the agent, its kernels and the native addon. */
import { groupsFor, numbered, prefixOf } from './constants.mjs';
import { fieldText, longestOf } from './records.mjs';
import { mostNumbers } from './sentences.mjs';
import { cComment, fileText, note, upper } from './text.mjs';

/** A letter for each type of a signature: v is none, i has 32 and I has 64 bits. */
const letter = (type) => (type === undefined ? 'v' : type === 'i64' ? 'I' : 'i');
const signature = ({ params, result }) => `${letter(result)}(${params.map(([, type]) => letter(type)).join('')})`;
const guarded = (name, source, what, ...lines) =>
  fileText(cComment(`${note(source)} ${what}`), `#ifndef ${name}`, `#define ${name}`, '', lines, '', '#endif');
/** A macro that goes over several lines. */
const macro = (head, lines) => [`#define ${head} \\`, lines.map((line) => `    ${line}`).join(' \\\n')];
const enumeration = (name, values) => [
  `enum ${name} {`,
  values.map(([value, number]) => `    ${value} = ${number},`),
  '};',
];

export function moduleAbi({ abi }) {
  const { major, minor } = abi.version;
  const functions = (list) => list.map((f) => `X(${f.name}, "${signature(f)}")`);
  return guarded(
    'MOTE_ABI_H',
    'abi.json',
    'The ABI between a module and its host.',
    `#define ABI_MODULE "${abi.module}"`,
    '/* major x 65536 + minor */',
    `#define ABI_VERSION ${major * 65536 + minor}`,
    '',
    '/* What imports return. */',
    enumeration(
      'abi_error',
      Object.entries(abi.errors).map(([name, value]) => [`ABI_${name}`, value]),
    ),
    '',
    '/* Levels of `log`. */',
    enumeration(
      'abi_level',
      Object.entries(abi.levels).map(([name, value]) => [`ABI_LEVEL_${name}`, value]),
    ),
    `#define ABI_LEVELS ${Object.keys(abi.levels).length}`,
    '',
    Object.entries(abi.limits).map(([name, { bytes, description }]) => [
      cComment(`Maximum of ${description}.`),
      `#define ABI_MAX_${upper(name)} ${bytes}`,
    ]),
    '',
    cComment(
      'X(name, signature) for each function that a module may import. A signature is the result and, in brackets, the parameters: v is none, i has 32 and I has 64 bits.',
    ),
    macro('ABI_IMPORTS(X)', functions(abi.imports)),
    '',
    '/* X(name, signature) for each function that a module exports. */',
    macro('ABI_EXPORTS(X)', functions(abi.exports.filter(({ kind }) => kind === 'function'))),
    '',
    '/* Globals that a module exports. */',
    abi.exports
      .filter(({ kind }) => kind === 'global')
      .map(({ name }) => `#define ABI_GLOBAL_${upper(name)} "${name}"`),
  );
}

/** Records of operators: a struct each. */
export function operatorRecords({ operators }) {
  const records = Object.entries(operators.records);
  return guarded(
    'MOTE_OPERATORS_H',
    'operators.json',
    "Operators of a model's program, and the record of each.",
    '#include <stdint.h>',
    '',
    Object.entries(operators.constants).map(([name, { value, description }]) => [
      cComment(description),
      `#define OPERATOR_${upper(name)} ${value}`,
    ]),
    '/* Words of the longest record. */',
    `#define OPERATOR_MAX_RECORD_WORDS ${longestOf(operators)}`,
    '',
    records.map(([name, { description, fields }]) => [
      cComment(description),
      `struct ${name}_record {`,
      fields.map((field) => [
        cComment(fieldText(field), '    '),
        `    ${field.type === 'f32' ? 'float' : 'int32_t'} ${field.name}${field.count === undefined ? '' : `[${field.count}]`};`,
      ]),
      '};',
      '',
    ]),
    '/* A record of any operator. */',
    'union operator_record {',
    '    int32_t words[OPERATOR_MAX_RECORD_WORDS];',
    records.map(([name]) => `    struct ${name}_record ${name};`),
    '};',
    '',
    '/* Numbers of operators in a program of nn_run. */',
    enumeration(
      'operator_number',
      operators.operators.map(({ name, number }) => [`OPERATOR_${upper(name)}`, number]),
    ),
    `#define OPERATOR_COUNT ${operators.operators.length}`,
    '',
    '/* X(number, name, record) for each operator. */',
    macro(
      'OPERATORS(X)',
      operators.operators.map(({ name, number, record }) => `X(${number}, ${name}, ${record})`),
    ),
  );
}

/** Constants, enumerations, and numbers of messages. */
export function constants({ constants }) {
  return guarded(
    'MOTE_CONSTANTS_H',
    'constants.json',
    'What host and node share.',
    groupsFor(constants, 'c').map(([group, { description, constants: list }]) => [
      cComment(`--- ${description} ---`),
      '',
      Object.entries(list).map(([name, constant]) => defined(`${upper(group)}_${upper(name)}`, constant)),
      '',
    ]),
    Object.entries(constants.enums).map(([name, list]) => [
      cComment(list.description),
      enumeration(
        name,
        numbered(list).map(([value, number]) => [`${prefixOf(name)}${upper(value)}`, number]),
      ),
      `#define ${plural(name)} ${list.values.length}`,
      '',
    ]),
    Object.entries(constants.letters).map(([name, { description, values }]) => [
      cComment(description),
      enumeration(
        name,
        Object.entries(values).map(([value, letter]) => [`${prefixOf(name)}${upper(value)}`, `'${letter}'`]),
      ),
      '',
    ]),
    '/* Messages of the link. */',
    enumeration(
      'message_type',
      constants.messages.map(({ id, number }) => [`MESSAGE_${upper(id)}`, number]),
    ),
    '',
    '/* Items of the array that a message is: its number and its fields. */',
    constants.messages.map(({ id, fields }) => `#define MESSAGE_${upper(id)}_ITEMS ${fields.length + 1}`),
  );
}

/** How many values an enumeration has: `SLOT_STATES` for `slot_state`. */
const plural = (name) => `${upper(name)}S`;

function defined(name, { value, description, adjustable }) {
  const line = `#define ${name} ${value > 0xffff_ffff ? `INT64_C(${value})` : value}`;
  return [cComment(description), adjustable ? [`#ifndef ${name}`, line, '#endif'] : line];
}

/** Numbers of the sentences that a node reports, and of their phrases. */
export function sentences({ errors: { phases, phrases, sentences } }) {
  const from = (first, names, prefix) => names.map((name, i) => [`${prefix}${upper(name)}`, first + i]);
  return guarded(
    'MOTE_SENTENCES_H',
    'errors.json',
    'Numbers of the sentences that a node reports.',
    '/* What a module was doing when it failed. */',
    enumeration('reason_during', [['DURING_NONE', 0], ...from(1, phases, 'DURING_')]),
    '',
    Object.entries(phrases).map(([name, list]) => [
      enumeration(name, from(0, Object.keys(list), `${upper(name)}_`)),
      `#define ${plural(name)} ${Object.keys(list).length}`,
      '',
    ]),
    '/* Each sentence, with its code and its text. */',
    'enum reason_number {',
    '    REASON_NONE = 0,',
    sentences.map(({ id, number, code, text }) => [
      cComment(`${code}${code === '' ? '' : ': '}${text}`.replaceAll('*/', '* /'), '    '),
      `    REASON_${upper(id)} = ${number},`,
    ]),
    '};',
    '',
    '/* Numbers that a sentence has at most. */',
    `#define REASON_NUMBERS ${mostNumbers(sentences)}`,
  );
}
