/** Files that appear in a folder of a site become messages. */
export { FileDrop, type FileDropSeam, type FileDropStatus } from './drop.ts';
