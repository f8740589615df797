/**
 * Runs the table on a board and on the node in TypeScript and compares them: every message, every byte with its time,
 * every tap, the flash afterwards.
 */
import { beforeAll, expect, it } from 'vitest';
import { packageVersion } from '../../host/base/index.ts';
import { sampledRows } from '../../host/base/test-form.ts';
import type { Board } from '../../host/toolchain/board/board-json.ts';
import { APPS } from './apps.ts';
import { boundOf, geometryOf, subjectOf } from './boards.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { misnamed, traceOf } from './trace.ts';
import { typescriptSubject } from './typescript.ts';
import { type Recording, type Subject, World } from './world.ts';

async function record(scenario: Scenario, subject: Subject, swapsUs: number[] = []): Promise<Recording> {
  const world = new World(subject, scenario.setup, swapsUs);
  try {
    await scenario.run(world);
  } finally {
    await world.end();
  }
  return world.recording;
}

/** The durations of a node's swaps by its own clock. They vary, so the reference uses the same ones. */
function swapsOf({ messages }: Recording): number[] {
  return messages.flatMap((message) => (message.type === 'ota' ? (message.swapUs ?? []) : []));
}

/** Runs the whole table on one board. */
export function conforms(board: Board): void {
  const ramBytes = board.memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  const isProcess = board.memory === null;
  const rows = [...SCENARIOS, ...APPS]
    .filter((row) => (row.ramBytes ?? 0) <= ramBytes)
    .filter((row) => isProcess || !row.processOnly);
  let subject: Subject;
  let reference: Subject;
  beforeAll(async () => {
    subject = await subjectOf(board.name);
    reference = await typescriptSubject({
      board: board.name,
      version: packageVersion(),
      geometry: geometryOf(board),
      linkStoreBytes: boundOf(board, 'AGENT_LINK_STORE_BYTES'),
      messageBytes: boundOf(board, 'AGENT_MESSAGE_BYTES'),
      stackBytes: 65_536,
    });
  }, 600_000);

  it.each(sampledRows(rows))('$name', async (scenario) => {
    const got = await record(scenario, subject);
    const expected = await record(scenario, reference, swapsOf(got));
    const trace = traceOf(expected);
    for (const shown of scenario.shows ?? [])
      expect(
        trace.some((line) => line.includes(shown)),
        `${shown} in\n${trace.join('\n')}`,
      ).toBe(true);
    expect(traceOf(got)).toEqual(trace);
    if (scenario.named) expect(misnamed(got.messages), trace.join('\n')).toEqual([]);
    if (!scenario.vitals) expect(got).toEqual(expected);
  });
}
