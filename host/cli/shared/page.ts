/** `--open`: the page of a simulation, and the browser that shows it. */
import { openBrowser, openSimPage, type SimPage } from '../../web/sim/index.ts';
import { bodyJson } from './report.ts';
import { type Terminal, toJson } from './terminal.ts';

/** Starts the server of the page, prints its address, and opens it in the browser if `browser` is set. */
export async function showPage(terminal: Terminal, browser: boolean): Promise<SimPage> {
  const page = await openSimPage({ bodyJson, toJson });
  terminal.data({ type: 'page', url: page.url });
  terminal.line(`page: ${page.url}`);
  if (browser && process.env.BROWSER !== 'none' && !(await openBrowser(page.url)))
    terminal.line(terminal.paint('yellow', 'No browser was found: open the address above in one.'));
  return page;
}
