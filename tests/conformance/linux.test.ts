import { testBoard } from './suite.ts';

await testBoard('linux');
