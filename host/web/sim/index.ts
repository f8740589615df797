/** `mote sim --open`: records runs and serves the page that shows them. */
export { openBrowser } from './open-browser.ts';
export { openSimPage, type SimPage } from './server.ts';
