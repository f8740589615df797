/** Bindings in TypeScript, for `host/`. */
import { groupsFor, numbered } from './constants.mjs';
import { fieldText } from './records.mjs';
import { camel, docComment, fileText, note, pascal, upper } from './text.mjs';

const wire = (type) => (type === 'i64' ? 'i64' : 'i32');
const list = (names) => `[${names.map((name) => `'${name}'`).join(', ')}]`;
const signature = ({ params, result }) =>
  `{ params: ${list(params.map(([, type]) => wire(type)))}, result: ${result ? `'${wire(result)}'` : 'null'} }`;

export function moduleAbi({ abi }) {
  const { major, minor } = abi.version;
  const functions = (name, of) => [
    `export const ${name} = {`,
    of.map((f) => [docComment(f.description, '  '), `  ${f.name}: ${signature(f)},`]),
    '} as const satisfies Record<string, FunctionType>;',
  ];
  return fileText(
    `// ${note('abi.json')}`,
    '',
    "export type WireType = 'i32' | 'i64';",
    '',
    'export interface FunctionType {',
    '  readonly params: readonly WireType[];',
    '  readonly result: WireType | null;',
    '}',
    '',
    `export const ABI_MODULE = '${abi.module}';`,
    '/** major x 65536 + minor */',
    `export const ABI_VERSION = ${major * 65536 + minor};`,
    '',
    '/** Error numbers that imports return. */',
    'export const AbiError = {',
    Object.entries(abi.errors).map(([name, value]) => `  ${name}: ${value},`),
    '} as const;',
    '',
    '/** Levels of `log`, by number. */',
    `export const LOG_LEVELS = ${list(Object.keys(abi.levels).map((level) => level.toLowerCase()))} as const;`,
    'export type LogLevel = (typeof LOG_LEVELS)[number];',
    '',
    '/** Maxima of what crosses the ABI. */',
    'export const AbiLimit = {',
    Object.entries(abi.limits).map(([name, { bytes, description }]) => [
      docComment(description, '  '),
      `  ${camel(name)}: ${bytes},`,
    ]),
    '} as const;',
    '',
    functions('ABI_IMPORTS', abi.imports),
    'export type AbiImport = keyof typeof ABI_IMPORTS;',
    '',
    functions(
      'ABI_EXPORTS',
      abi.exports.filter(({ kind }) => kind === 'function'),
    ),
    'export type AbiExport = keyof typeof ABI_EXPORTS;',
    '',
    'export const ABI_GLOBALS = {',
    abi.exports
      .filter(({ kind }) => kind === 'global')
      .map(({ name, type, description }) => [docComment(description, '  '), `  ${name}: '${type}',`]),
    '} as const satisfies Record<string, WireType>;',
  );
}

/** Records of operators: an interface each, and the order of their fields. */
export function operatorRecords({ operators }) {
  const recordType = (name) => `${pascal(name)}Record`;
  return fileText(
    `// ${note('operators.json')}`,
    '',
    '/** What programs, records and groups of weights have in common. */',
    'export const OperatorConstant = {',
    Object.entries(operators.constants).map(([name, { value, description }]) => [
      docComment(description, '  '),
      `  ${camel(name)}: ${value},`,
    ]),
    '} as const;',
    '',
    Object.entries(operators.records).map(([name, { description, fields }]) => [
      docComment(description),
      `export interface ${recordType(name)} {`,
      fields.map((field) => [docComment(fieldText(field), '  '), `  ${camel(field.name)}: ${fieldType(field)};`]),
      '}',
      '',
    ]),
    '/** The record of each operator. */',
    'export interface OperatorRecords {',
    operators.operators.map(({ name, record }) => `  ${name}: ${recordType(record)};`),
    '}',
    "/** An operator of a model's program. */",
    'export type AbiOperator = keyof OperatorRecords;',
    '',
    '/** Numbers of operators in a program of `nn_run`. */',
    'export const ABI_OPERATORS = {',
    operators.operators.map(({ name, number }) => `  ${name}: ${number},`),
    '} as const satisfies Record<AbiOperator, number>;',
    '',
    '/** The file of `assembly/nn` that exports the kernel of each operator. */',
    'export const OPERATOR_FILES = {',
    operators.operators.map(({ name, file }) => `  ${name}: '${file}',`),
    '} as const satisfies Record<AbiOperator, string>;',
    '',
    '/** Types of fields; each takes a word. */',
    `export type FieldType = ${Object.keys(operators.types)
      .map((type) => `'${type}'`)
      .join(' | ')};`,
    '',
    '/** Fields of the record of each operator, in the order in which they lie in rom. */',
    'export const OPERATOR_FIELDS: {',
    '  readonly [O in AbiOperator]: readonly (readonly [name: keyof OperatorRecords[O], type: FieldType])[];',
    '} = {',
    operators.operators.map(({ name, record }) => [
      `  ${name}: [`,
      operators.records[record].fields.map((field) => `    ['${camel(field.name)}', '${field.type}'],`),
      '  ],',
    ]),
    '};',
  );
}

function fieldType({ count = 1 }) {
  return count === 1 ? 'number' : `readonly [${Array(count).fill('number').join(', ')}]`;
}

/** Constants in an object for each group; enumerations; numbers and fields of messages. */
export function constants({ constants }) {
  return fileText(
    `// ${note('constants.json')}`,
    '',
    groupsFor(constants, 'typescript').map(([group, { description, constants: list }]) => [
      docComment(description),
      `export const ${pascal(group)}Constant = {`,
      Object.entries(list).map(([name, { value, description: text }]) => [
        docComment(text, '  '),
        `  ${camel(name)}: ${grouped(value)},`,
      ]),
      '} as const;',
      '',
    ]),
    Object.entries(constants.enums).map(([name, enumeration]) => [enumerated(name, enumeration), '']),
    Object.entries(constants.letters).map(([name, { description, values }]) => [
      docComment(description),
      `export const ${pascal(name)} = { ${Object.entries(values)
        .map(([value, letter]) => `${camel(value)}: '${letter}'`)
        .join(', ')} } as const;`,
      '',
    ]),
    '/** Messages of the link: the number of each, who sends it, and its fields in their order. */',
    'export const MESSAGES = {',
    constants.messages.map(({ name, number, from, description, fields }) => [
      docComment(description, '  '),
      `  ${/\W/.test(name) ? `'${name}'` : name}: {`,
      `    number: ${number},`,
      `    from: '${from}',`,
      `    fields: ${list(fields)},`,
      '  },',
    ]),
    '} as const;',
  );
}

/** An enumeration whose values travel as numbers: names in their order, or an object with the numbers. */
function enumerated(name, { description, names, first, values }) {
  const type = pascal(name);
  if (names) {
    return [
      docComment(`${description} Their numbers begin with ${first}.`),
      constantList(`${upper(name)}S`, values),
      `export type ${type} = (typeof ${upper(name)}S)[number];`,
    ];
  }
  return [
    docComment(description),
    `export const ${type} = {`,
    numbered({ first, values }).map(([value, number]) => `  ${camel(value)}: ${number},`),
    '} as const;',
  ];
}

/** Digits of a large number in groups of three. */
const grouped = (value) => (value < 10_000 ? `${value}` : value.toLocaleString('en').replaceAll(',', '_'));

/** A list of names as the formatter has it: on one line where it fits. */
function constantList(name, values) {
  const line = `export const ${name} = ${list(values)} as const;`;
  return line.length <= 120
    ? line
    : [`export const ${name} = [`, values.map((value) => `  '${value}',`), '] as const;'];
}

/** Every code of an error. */
export function errors({ errors: { groups } }) {
  return fileText(
    `// ${note('errors.json')}`,
    '',
    '/** The codes that moteware reports; docs/errors.md has the cause and the remedy of each. */',
    'export type ErrorCode =',
    groups
      .flatMap(({ codes }) => Object.keys(codes))
      .map((code, i, all) => `  | '${code}'${i + 1 < all.length ? '' : ';'}`),
  );
}

/** The sentences that a node reports by their numbers. */
export function sentences({ errors: { phases, phrases, sentences } }) {
  const text = (value) => (value.includes("'") ? JSON.stringify(value) : `'${value}'`);
  return fileText(
    `// ${note('errors.json')}`,
    '',
    "import type { ErrorCode } from './errors.ts';",
    '',
    '/** What a module was doing when it failed; numbers begin with 1. */',
    `export const PHASES = ${list(phases)} as const;`,
    '',
    '/** Parts of sentences, by their numbers. */',
    'export const PHRASES = {',
    Object.entries(phrases).map(([name, phrase]) => {
      const texts = Object.values(phrase).map(text);
      const line = `  ${name}: [${texts.join(', ')}],`;
      return line.length <= 120 ? line : [`  ${name}: [`, texts.map((value) => `    ${value},`), '  ],'];
    }),
    '} as const;',
    '',
    'export interface Sentence {',
    '  readonly id: string;',
    '  /** Empty for a sentence that is reported without a code. */',
    "  readonly code: ErrorCode | '';",
    '  /** With `{0}` for a number, `{0|hex}`, `{0|NAME}` for a phrase of a list, and `{text}`. */',
    '  readonly text: string;',
    '}',
    '',
    '/** Sentences that a node reports; their numbers begin with 1. */',
    'export const SENTENCES = [',
    sentences.map((sentence) => [
      `  // ${sentence.number}`,
      '  {',
      `    id: '${sentence.id}',`,
      `    code: '${sentence.code}',`,
      `    text: ${text(sentence.text)},`,
      '  },',
    ]),
    '] as const satisfies readonly Sentence[];',
    "export type SentenceId = (typeof SENTENCES)[number]['id'];",
  );
}
