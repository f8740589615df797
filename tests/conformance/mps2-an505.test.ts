import { testBoard } from './suite.ts';

await testBoard('mps2-an505');
