/** Assets of a plant, where devices are placed, tags and business context, each with the time for which it holds. */
export { Assets } from './assets.ts';
export { ASSET_TABLES, type FileOptions, MAX_FILE_BYTES, printCsv, printJson, readFile } from './files.ts';
export { type AssetModel, EMPTY, FACTS, type FactKind, type Input, move, rename, taken } from './model.ts';
export { type Span, textAt } from './spans.ts';
export { COLUMNS, TABLES, type TableName, type TagCheck } from './tables.ts';
export { TERMS } from './terms.ts';
export { tagChecks } from './vocabulary.ts';
