/** For tests: questions to Apache Flink in batch mode, in one JVM of their own, with files as source. Not part of the product. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../base/index.ts';
import { type Cell, orderedRows } from './aggregate.ts';
import { emit } from './emit.ts';
import type { Plan } from './plan.ts';
import { type Plant, TABLES } from './testing.ts';

/** Where `scripts/flink.mjs` puts Flink. */
export const FLINK = packagePath('build', 'flink');

/** Flink opens these packages of the JDK to itself (`env.java.opts.all` of its configuration). */
const OPENED =
  'lang lang.invoke lang.reflect io net nio nio.file text time util util.concurrent util.concurrent.atomic util.concurrent.locks'
    .split(' ')
    .map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`);

/** A plan's rows in the job's output; each cell is text, so that no number passes through a float. */
function sink(plan: Plan, i: number, folder: string): string {
  const columns = plan.columns.map((_, c) => `c${c} STRING`).join(', ');
  const path = pathToFileURL(join(folder, `out-${i}`)).href;
  return `CREATE TABLE out_${i} (${columns}) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '${path}');`;
}

function insert(plan: Plan, i: number): string {
  const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
  const cells = plan.columns.map(({ name }) => `CAST(q.${quoted(name)} AS STRING)`);
  return `INSERT INTO out_${i} SELECT ${cells.join(', ')} FROM (${emit(plan, 'flink')}) AS q;`;
}

/**
 * Runs the plans over the plant one after another, and returns the rows of each. Throws with Flink's output if one fails. All in one
 * statement set did not end in 15 minutes.
 */
export async function runOnFlink(plans: readonly Plan[], { tables }: Plant, folder: string): Promise<Cell[][][]> {
  const script: string[] = [
    "SET 'execution.runtime-mode' = 'batch';",
    "SET 'table.dml-sync' = 'true';",
    "SET 'parallelism.default' = '1';",
  ];
  for (const [table, columns] of Object.entries(TABLES)) {
    const names = columns.split(', ').map((column) => column.split(' ')[0]!);
    const rows = tables[table]!.map(
      (row) => `{${names.map((name, i) => `${JSON.stringify(name)}:${cellJson(row[i]!)}`).join(',')}}`,
    );
    mkdirSync(join(folder, table), { recursive: true });
    writeFileSync(join(folder, table, 'rows.json'), `${rows.join('\n')}\n`);
    const typed = columns
      .split(', ')
      .map((column) => `\`${column.split(' ')[0]}\` ${column.split(' ')[1]!.replace('VARCHAR', 'STRING')}`);
    const path = pathToFileURL(join(folder, table)).href;
    script.push(
      `CREATE TABLE \`${table}\` (${typed.join(', ')}) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '${path}');`,
    );
  }
  for (const [i, plan] of plans.entries()) script.push(sink(plan, i, folder), insert(plan, i));
  writeFileSync(join(folder, 'job.sql'), script.join('\n'));
  await runScript(folder);
  return plans.map((plan, i) => rowsOf(plan, join(folder, `out-${i}`)));
}

function cellJson(cell: string | number | bigint | null): string {
  return typeof cell === 'bigint' ? `${cell}` : JSON.stringify(cell);
}

async function runScript(folder: string): Promise<void> {
  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  const settings = [
    'execution.target: local',
    // A batch of many questions has thousands of exchanges.
    'taskmanager.memory.network.min: 256mb',
    'taskmanager.memory.network.max: 256mb',
    'taskmanager.memory.managed.size: 512mb',
    'taskmanager.numberOfTaskSlots: 4',
    'jobmanager.scheduler: default',
    'rest.port: 0',
  ];
  writeFileSync(join(conf, 'config.yaml'), `${settings.join('\n')}\n`);
  const libraries = join(FLINK, 'x', 'pyflink');
  const classPath = [
    join(libraries, 'lib', '*'),
    join(libraries, 'opt', '*'),
    join(FLINK, 'flink-sql-gateway-2.3.0.jar'),
  ];
  const args = ['-Xmx1500m', '-XX:TieredStopAtLevel=1', ...OPENED, '-cp', classPath.join(':')];
  const client = ['org.apache.flink.table.client.SqlClient', '-f', join(folder, 'job.sql')];
  const java = spawn('java', [...args, ...client], {
    cwd: folder,
    env: { ...process.env, FLINK_CONF_DIR: conf },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const log = createWriteStream(join(folder, 'flink.log'));
  for (const stream of [java.stdout, java.stderr]) {
    stream.on('data', (data) => {
      output += data;
      log.write(data);
    });
  }
  const code = await new Promise<number | null>((resolve) => java.once('close', resolve));
  log.end();
  if (code !== 0 || output.includes('[ERROR]')) throw new Error(`Flink has ended with ${code}: ${output.slice(-3000)}`);
}

function rowsOf(plan: Plan, folder: string): Cell[][] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)part-[^/]*$/.test(name),
  );
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean));
  const rows = lines.map((line) => {
    const row = JSON.parse(line) as Record<string, string | null>;
    return plan.columns.map(({ type }, i): Cell => {
      const cell = row[`c${i}`] ?? null;
      return cell === null || type === 'text' ? cell : BigInt(cell);
    });
  });
  return orderedRows(plan, rows);
}
