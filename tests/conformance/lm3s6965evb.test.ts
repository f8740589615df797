import { testBoard } from './suite.ts';

await testBoard('lm3s6965evb');
