import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampled } from '../../base/test-form.ts';
import { CUT_MODES, PowerCut } from '../flash/index.ts';
import { SlotStore } from './slots.ts';
import { codeOf, layout, make, packageBytes, reason, receive, transferOf } from './testing.ts';

describe('the slot store compared with a model', () => {
  it('agrees with the model over any sequence of calls, restarts and power cuts', () => {
    type Model = { confirmed: number; trial: number; booted: boolean; ready: number; failed: number[] };
    const sequence = fc.integer({ min: 1, max: 12 });
    const call = fc.constantFrom(
      'start',
      'start',
      'start',
      'boot',
      'boot',
      'boot',
      'confirm',
      'fail',
      'discard',
      'restart',
    );
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), sequence }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('part' as const), sequence, bytes: fc.nat(1203) }) },
      { weight: 9, arbitrary: fc.record({ do: call }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('cut' as const),
          after: fc.nat(9),
          mode: fc.constantFrom(...CUT_MODES),
        }),
      },
    );
    const restarted = (m: Model): Model =>
      m.trial && m.booted ? { ...m, trial: 0, booted: false, failed: [m.trial, ...m.failed] } : m;
    const apply = (m: Model, todo: { do: string; sequence?: number }): Model | string => {
      const wanted = todo.sequence ?? 0;
      switch (todo.do) {
        case 'push':
        case 'part':
          if (wanted <= m.confirmed) return 'OTA_ROLLBACK';
          if (m.failed.includes(wanted) || m.failed.filter((s) => s > wanted).length >= 8) return 'OTA_FAILED_BEFORE';
          if (m.trial) return 'OTA_BUSY';
          return { ...m, ready: todo.do === 'push' || m.ready === wanted ? wanted : 0 };
        case 'start':
          return m.ready ? { ...m, trial: m.ready, booted: false, ready: 0 } : 'OTA_STATE';
        case 'boot':
          return m.booted ? restarted(m) : { ...m, booted: m.trial > 0 };
        case 'confirm':
          if (!m.trial || !m.booted) return 'OTA_STATE';
          return { ...m, confirmed: m.trial, trial: 0, booted: false, failed: m.failed.filter((s) => s > m.trial) };
        case 'fail':
          return m.trial ? { ...m, trial: 0, booted: false, failed: [m.trial, ...m.failed] } : 'OTA_STATE';
        default:
          return { ...m, ready: 0 };
      }
    };
    const perform = (store: SlotStore, todo: { do: string; sequence?: number; bytes?: number }): void => {
      if (todo.do === 'push') receive(store, todo.sequence!);
      else if (todo.do === 'part') {
        const { received } = store.begin(transferOf(todo.sequence!));
        if (todo.bytes! > received && store.transfer())
          store.append(received, packageBytes(todo.sequence!).subarray(received, todo.bytes!));
      } else if (todo.do === 'start') store.startTrial();
      else if (todo.do === 'boot') store.boot();
      else if (todo.do === 'confirm') store.confirm();
      else if (todo.do === 'fail') store.fail(reason);
      else store.discard();
    };
    const look = (store: SlotStore): string => {
      const of = (state: string) => store.slots().find((slot) => slot.state === state)?.sequence ?? 0;
      return JSON.stringify([
        of('confirmed'),
        of('trial'),
        of('ready'),
        store.active()?.sequence ?? 0,
        store.highestSequence,
      ]);
    };
    const expected = (m: Model): string =>
      JSON.stringify([m.confirmed, m.trial, m.ready, m.trial || m.confirmed, m.confirmed]);

    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.nat(), fc.boolean(), (steps, seed, many) => {
        const flash = make(seed);
        let store = SlotStore.open(flash, layout);
        let model: Model = { confirmed: 0, trial: 0, booted: false, ready: 0, failed: [] };
        // Starts with so many failures that one or two more fill the list.
        for (const failing of many ? [5, 4, 7, 8, 9, 11, 12] : []) {
          receive(store, failing);
          store.startTrial();
          store.fail(reason);
          model.failed.push(failing);
        }
        for (const todo of steps) {
          if (todo.do === 'cut') {
            flash.cutAfter(todo.after, todo.mode);
            continue;
          }
          if (todo.do === 'restart') {
            store = SlotStore.open(flash, layout);
            model = restarted(model);
          } else {
            const next = apply(model, todo);
            try {
              const code = codeOf(() => perform(store, todo));
              expect(code).toBe(typeof next === 'string' ? next : 'none');
              if (typeof next !== 'string') model = next;
            } catch (error) {
              if (!(error instanceof PowerCut)) throw error;
              flash.restart();
              store = SlotStore.open(flash, layout);
              // The interrupted call happened or it did not, or (a push) the slot was emptied meanwhile.
              const outcomes = [model, ...(typeof next === 'string' ? [] : [next]), { ...model, ready: 0 }].map(
                restarted,
              );
              const outcome = outcomes.find((candidate) => expected(candidate) === look(store));
              expect(outcome, `${JSON.stringify(todo)} on ${JSON.stringify(model)} left ${look(store)}`).toBeDefined();
              model = outcome!;
            }
          }
          expect(look(store)).toBe(expected(model));
          for (const { slot, state, sequence: held } of store.slots())
            if (state === 'confirmed' || state === 'trial') expect(store.read(slot)).toEqual(packageBytes(held));
        }
      }),
      { numRuns: sampled(1500) },
    );
  });
});
