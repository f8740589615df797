/** Each generated file, from the data that `load` gives. */
import * as assemblyScript from './assemblyscript.mjs';
import * as c from './c.mjs';
import * as markdown from './markdown.mjs';
import * as typeScript from './typescript.mjs';

const FILES = {
  'assembly/abi/module.ts': assemblyScript.moduleAbi,
  'assembly/nn/records.ts': assemblyScript.operatorRecords,
  'host/base/abi/module.ts': typeScript.moduleAbi,
  'host/base/abi/operators.ts': typeScript.operatorRecords,
  'host/base/abi/constants.ts': typeScript.constants,
  'host/base/abi/errors.ts': typeScript.errors,
  'host/base/abi/sentences.ts': typeScript.sentences,
  'boards/base/abi.h': c.moduleAbi,
  'boards/base/operators.h': c.operatorRecords,
  'boards/base/constants.h': c.constants,
  'boards/base/sentences.h': c.sentences,
  'docs/ABI.md': markdown.moduleAbi,
  'docs/errors.md': markdown.errors,
  'docs/LIMITS.md': markdown.limits,
};

/** Text of each file by its path in the repository. */
export function generate(data) {
  return Object.fromEntries(Object.entries(FILES).map(([path, write]) => [path, write(data)]));
}
