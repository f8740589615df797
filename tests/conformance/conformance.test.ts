import { describe, expect, it } from 'vitest';
import { loadBoard } from '../../host/board/board-json.ts';
import { buildImage } from '../../host/board/build.ts';
import { packageVersion } from '../../host/paths.ts';
import { appScenarios } from './apps.ts';
import { boardSubject } from './board.ts';
import { BOARDS, boundOf, geometryOf } from './boards.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { traceOf } from './trace.ts';
import { typescriptSubject } from './typescript.ts';
import { type Recording, type Subject, World } from './world.ts';

async function record(scenario: Scenario, subject: Subject): Promise<Recording> {
  const world = new World(subject, scenario.setup);
  try {
    await scenario.run(world);
  } finally {
    await world.end();
  }
  return world.recording;
}

const APPS = await appScenarios();

describe.each(BOARDS)('%s', async (name) => {
  const board = loadBoard(name);
  const geometry = geometryOf(board);
  const { elf } = await buildImage(board, { image: 'agent', sanitize: name === 'linux' });
  const subject = boardSubject(board, elf, geometry);
  const reference = await typescriptSubject({
    board: name,
    version: packageVersion(),
    geometry,
    linkStoreBytes: boundOf(board, 'AGENT_LINK_STORE_BYTES'),
    messageBytes: boundOf(board, 'AGENT_MESSAGE_BYTES'),
    stackBytes: 65_536,
  });
  const ramBytes = board.memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  const rows = [...SCENARIOS, ...APPS].filter((row) => (row.ramBytes ?? 0) <= ramBytes);
  it.each(rows)('$name', async (scenario) => {
    const expected = await record(scenario, reference);
    const trace = traceOf(expected);
    for (const shown of scenario.shows ?? [])
      expect(
        trace.some((line) => line.includes(shown)),
        `${shown} in\n${trace.join('\n')}`,
      ).toBe(true);
    const got = await record(scenario, subject);
    expect(traceOf(got)).toEqual(trace);
    if (!scenario.vitals) expect(got).toEqual(expected);
  });
});
