/** The demo: a keyword node, its gateway and broker, a live swap, and a module that rolls back. */
export {
  type DemoFacts,
  type DemoObserver,
  type DemoOutcome,
  type DemoResult,
  type DemoScreen,
  type DemoSlot,
  runDemo,
} from './demo.ts';
