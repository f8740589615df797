/** `--open`: the page of a simulation, and the browser that shows it. */
import { openBrowser, openSimPage, type SimPage } from '../../web/sim/index.ts';
import { bodyJson } from './report.ts';
import { type Terminal, toJson } from './terminal.ts';

/** The page of the runs of one call. It opens when the first run is about to build its app. */
export class RunPage {
  readonly #terminal: Terminal;
  readonly #browser: boolean;
  #page: SimPage | undefined;
  #run: ReturnType<SimPage['nextRun']> | undefined;

  /** `browser`: show it in the user's browser. */
  constructor(terminal: Terminal, browser: boolean) {
    this.#terminal = terminal;
    this.#browser = browser;
  }

  /** Returns the observer of the next run, which the page then shows. */
  async observe(): Promise<ReturnType<SimPage['nextRun']>> {
    this.#page ??= await showPage(this.#terminal, this.#browser);
    this.#run = this.#page.nextRun();
    return this.#run;
  }

  /** Shows why the last run could not begin, or ended. */
  failed(error: unknown): void {
    this.#run?.fail(error instanceof Error ? error.message : String(error));
  }

  async close(): Promise<void> {
    await this.#page?.close();
  }
}

/** Starts the server of the page, prints its address, and opens it in the browser if `browser` is set. */
async function showPage(terminal: Terminal, browser: boolean): Promise<SimPage> {
  const page = await openSimPage({ bodyJson, toJson });
  terminal.data({ type: 'page', url: page.url });
  terminal.line(`page: ${page.url}`);
  if (browser && process.env.BROWSER !== 'none' && !(await openBrowser(page.url)))
    terminal.line(terminal.paint('yellow', 'No browser was found: open the address above in one.'));
  return page;
}
