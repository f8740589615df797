/** For tests: a live question in a process of its own that is killed in the middle of a step. Not part of the product. */
import { DuckDBInstance } from '@duckdb/node-api';
import { compile } from './compile.ts';
import { duckLiveSql } from './connect.ts';
import { type LiveMessage, type LiveSql, LiveTable, live } from './live.ts';
import { parseQuery } from './parse.ts';
import { plant } from './testing.ts';

/** Prints `stop` before the statement with this number and waits to be killed; prints `end` when all messages are in the table. */
export async function runUntil(
  file: string,
  text: string,
  statements: number,
  print: (text: string) => void,
): Promise<void> {
  const { messages, dimensions } = plant(5, 200);
  const sql = duckLiveSql(await (await DuckDBInstance.create(file)).connect());
  let count = 0;
  const counted: LiveSql = {
    rows(statement, values) {
      if (++count <= statements) return sql.rows(statement, values);
      print('stop');
      return new Promise(() => {});
    },
  };
  async function* steps(after: number): AsyncGenerator<LiveMessage[]> {
    const rest = messages.filter(({ message }) => message > after);
    for (let i = 0; i < rest.length; i += 7) yield rest.slice(i, i + 7);
  }
  const table = await LiveTable.open(counted);
  for await (const _ of live({
    name: 'q',
    plan: compile(parseQuery(text)),
    dimensions,
    table,
    messages: steps,
    early: true,
  }));
  print('end');
}
