/** Bindings in AssemblyScript, for the SDK and for kernels. */
import { fieldText, longestOf } from './records.mjs';
import { camel, docComment, fileText, note, pascal, upper } from './text.mjs';

const typeOf = (type) => ({ ptr: 'usize', len: 'i32' })[type] ?? type;

export function moduleAbi({ abi }) {
  const { major, minor } = abi.version;
  const constants = (prefix, list) =>
    Object.entries(list).map(([name, value]) => `export const ${prefix}${name}: i32 = ${value};`);
  return fileText(
    `// ${note('abi.json')}`,
    '',
    docComment('Version of the ABI that this SDK was built for, major x 65536 + minor.'),
    `export const ABI_VERSION: i32 = ${major * 65536 + minor};`,
    '',
    constants('', abi.errors),
    '',
    constants('LEVEL_', abi.levels),
    '',
    Object.entries(abi.limits).map(([name, { bytes, description }]) => [
      docComment(`Maximum of ${description}.`),
      `export const MAX_${upper(name)}: i32 = ${bytes};`,
    ]),
    abi.imports.map(({ name, params, result, description }) => {
      const list = params.map(([p, type]) => `${camel(p === 'default' ? 'otherwise' : p)}: ${typeOf(type)}`);
      return [
        '',
        docComment(description),
        `@external("${abi.module}", "${name}")`,
        `export declare function ${name}(${list.join(', ')}): ${result ?? 'void'};`,
      ];
    }),
  );
}

/** Records of operators: a namespace each, with the word at which a field begins. */
export function operatorRecords({ operators }) {
  const records = Object.entries(operators.records);
  return fileText(
    `// ${note('operators.json')}`,
    '',
    Object.entries(operators.constants).map(([name, { value, description }]) => [
      docComment(description),
      `export const ${upper(name)}: i32 = ${value};`,
    ]),
    docComment('Bytes of the longest record.'),
    `export const MAX_RECORD_BYTES: i32 = ${4 * longestOf(operators)};`,
    records.map(([name, record]) => {
      let word = 0;
      const fields = record.fields.map((field) => {
        const line = `  export const ${upper(field.name)}: usize = ${word};`;
        word += field.count ?? 1;
        return [docComment(fieldText(field), '  '), line];
      });
      return [
        '',
        docComment(`${record.description} Word numbers of the record's fields.`),
        `export namespace ${pascal(name)}Record {`,
        fields,
        `  export const WORDS: i32 = ${word};`,
        '}',
      ];
    }),
  );
}
