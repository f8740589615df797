/** Questions to a site: their language, SQL for four engines, answers over history and over data as they come. */
export type { Cell } from './aggregate.ts';
export { orderedRows } from './aggregate.ts';
export { compile } from './compile.ts';
export { duckDatabase, duckLiveSql, openDuckDb, postgresDatabase, postgresLiveSql } from './connect.ts';
export { DIALECTS, type DialectName } from './dialect.ts';
export { type Ancestor, type Attribute, Dimensions, type Placement, type Validity } from './dimensions.ts';
export { emit } from './emit.ts';
export {
  type Change,
  type Commit,
  Incremental,
  type IncrementalOptions,
  planDigest,
  type SavedRun,
} from './incremental.ts';
export { parseJsonQuery, queryOf } from './json.ts';
export { type LiveMessage, type LiveOptions, type LiveSql, type LiveStep, LiveTable, live } from './live.ts';
export { parseQuery, parseTime } from './parse.ts';
export type { OutputColumn, Plan, PlanContext } from './plan.ts';
export { printQuery } from './print.ts';
export type * from './query.ts';
export { alignment, answerCells, answerJson, cellText, type Line, lines, sparkline } from './render.ts';
export { type Answer, ask, type Database, planFor, runPlan } from './run.ts';
