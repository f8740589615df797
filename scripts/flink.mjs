/**
 * Brings Apache Flink 2.3 below build/flink, for `npm run test:flink`: the libraries from PyPI and the SQL gateway from Maven Central,
 * each by its SHA-256. Needs Python 3 with pip, curl and Java 17. Then runs the tests, whose report is bench/flink.json.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { root } from './run.mjs';

const folder = join(root, 'build', 'flink');
const WHEEL = {
  file: 'apache_flink_libraries-2.3.0-py2.py3-none-any.whl',
  sha256: '38ece876553286b3a285cf344c2d2038f8a7ca10da5df54d5107250386d64151',
};
const GATEWAY = {
  file: 'flink-sql-gateway-2.3.0.jar',
  sha256: 'aad296a152dc367ddd70727f5a57dd61958cff3d8dceb1f947bf8d9705c8d724',
  url: 'https://repo1.maven.org/maven2/org/apache/flink/flink-sql-gateway/2.3.0/flink-sql-gateway-2.3.0.jar',
};

const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });

/** Throws if the file isn't the one that is known. */
async function check({ file, sha256 }) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, file)), hash);
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`${join(folder, file)} has the SHA-256 ${found}, not ${sha256}; delete it.`);
}

mkdirSync(folder, { recursive: true });
if (!existsSync(join(folder, WHEEL.file))) {
  run('python3', '-m', 'pip', 'download', '--quiet', '--no-deps', 'apache-flink-libraries==2.3.0', '--dest', folder);
}
await check(WHEEL);
if (!existsSync(join(folder, GATEWAY.file))) {
  run('curl', '--fail', '--silent', '--show-error', '--location', '--output', join(folder, GATEWAY.file), GATEWAY.url);
}
await check(GATEWAY);
if (!existsSync(join(folder, 'x', 'pyflink', 'lib'))) {
  run('python3', '-m', 'zipfile', '-e', join(folder, WHEEL.file), join(folder, 'x'));
}
run('npx', 'vitest', 'run', '--config', 'vitest.flink.config.ts');
