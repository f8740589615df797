import { testBoard } from './suite.ts';

await testBoard('riscv-virt');
