/** Tables and pages of the documentation. */
import { filled } from './constants.mjs';
import { fileText, note, table } from './text.mjs';

const call = ({ name, params, result }) =>
  `\`${name}(${params.map(([parameter, type]) => `${parameter}: ${type}`).join(', ')})${result ? ` -> ${result}` : ''}\``;

export function moduleAbi({ abi, operators }) {
  const { major, minor } = abi.version;
  return fileText(
    `<!-- ${note('abi.json and abi/operators.json')} -->`,
    '# Module ABI',
    '',
    `This is version ${major}.${minor} of the interface between a module and its host.`,
    `A module imports functions from \`${abi.module}\` only.`,
    'A host accepts a module with the same major version and the same or a lower minor version.',
    'It rejects any other module before an instruction of it runs.',
    '',
    'Minor version 1 added `nn_run`, `nn_real_fft` and `nn_filter_bank`.',
    'A host without native kernels returns 0 from each of them; the module then runs its own kernels.',
    'Both ways give equal bytes and cost equal fuel, which the module pays before it calls.',
    'The rom begins at an address that is a multiple of 16.',
    '',
    table(
      ['type', 'meaning'],
      Object.entries(abi.types).map(([type, description]) => [`\`${type}\``, description]),
    ),
    '',
    '## Imports',
    '',
    table(
      ['function', 'description'],
      abi.imports.map((f) => [call(f), f.description]),
    ),
    '',
    '## Exports',
    '',
    table(
      ['export', 'description'],
      abi.exports.map((e) => [e.kind === 'global' ? `\`global ${e.name}: ${e.type}\`` : call(e), e.description]),
    ),
    '',
    operatorSection(operators),
    '',
    '## Errors',
    '',
    table(['name', 'number'], Object.entries(abi.errors)),
    '',
    '## Limits',
    '',
    table(
      ['limit', 'maximum', 'of'],
      Object.entries(abi.limits).map(([name, { bytes, description }]) => [name, bytes, description]),
    ),
  );
}

function operatorSection({ constants, types, records, operators }) {
  return [
    '## Operators',
    '',
    'A program of `nn_run` is a table in rom with two words for each operator: its number and the rom offset of its record.',
    'A record is a sequence of 32-bit little-endian words.',
    'When a record reaches outside the memory or the rom of the module, the host traps with `memory`.',
    '',
    table(
      ['operator', 'number', 'record'],
      operators.map(({ name, number, record }) => [name, number, `[${record}](#record-${record})`]),
    ),
    '',
    table(
      ['type of a field', 'meaning'],
      Object.entries(types).map(([type, description]) => [`\`${type}\``, description]),
    ),
    '',
    table(
      ['constant', 'value', 'description'],
      Object.entries(constants).map(([name, { value, description }]) => [`\`${name}\``, value, description]),
    ),
    Object.entries(records).map(([name, { description, fields }]) => {
      let word = 0;
      const rows = fields.map((field) => {
        const { count = 1 } = field;
        const row = [
          count === 1 ? word : `${word} to ${word + count - 1}`,
          `\`${field.name}\``,
          `\`${field.type}\``,
          field.description,
        ];
        word += count;
        return row;
      });
      return ['', `### Record ${name}`, '', description, '', table(['word', 'field', 'type', 'description'], rows)];
    }),
  ];
}

export function limits({ limits: { limits }, constants }) {
  return fileText(
    `<!-- ${note('limits.json and abi/constants.json')} -->`,
    '# Limits',
    '',
    'These are the limits that a program may reach, what happens beyond each, and the file that enforces it.',
    "[ABI.md](ABI.md#limits) lists the limits of what crosses the module's boundary.",
    '',
    table(
      ['what', 'maximum', 'beyond it', 'where'],
      limits.map(({ what, maximum, beyond, where }) => [
        filled(what, constants),
        filled(maximum, constants),
        filled(beyond, constants),
        `\`${where}\``,
      ]),
    ),
  );
}

export function errors({ errors: { groups, sentences } }) {
  const reported = (code) => sentences.filter((sentence) => sentence.code === code);
  return fileText(
    `<!-- ${note('errors.json')} -->`,
    '# Errors',
    '',
    'Each error has a stable code and a message with the details.',
    'This page lists the cause and the remedy of every code.',
    '',
    groups.map(({ title, description, codes }) => [
      `## ${title}`,
      '',
      description,
      '',
      Object.entries(codes).map(([code, { cause, remedy }]) => [
        `### ${code}`,
        '',
        cause,
        '',
        remedy,
        '',
        reported(code).length === 0
          ? []
          : ['A node reports:', '', reported(code).map(({ number, text }) => `- ${number}: \`${text}\``), ''],
      ]),
    ]),
  )
    .trimEnd()
    .concat('\n');
}
