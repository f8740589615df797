/** Opens an address in the user's browser, on Linux, macOS, Windows and WSL. */
import { spawn } from 'node:child_process';
import { release } from 'node:os';

/** The commands that may open it, best first. `BROWSER` names one, as for other tools. */
export function openers(platform: NodeJS.Platform, kernel: string, env: NodeJS.ProcessEnv): string[][] {
  const own = env.BROWSER ? [[env.BROWSER]] : [];
  if (platform === 'darwin') return [...own, ['open']];
  if (platform === 'win32') return [...own, ['rundll32', 'url.dll,FileProtocolHandler']];
  const wsl = /microsoft/i.test(kernel) ? [['wslview'], ['rundll32.exe', 'url.dll,FileProtocolHandler']] : [];
  return [...own, ...wsl, ['xdg-open']];
}

/** Starts the first opener that exists. Returns false if there is none. */
export async function openBrowser(url: string): Promise<boolean> {
  for (const [command = '', ...args] of openers(process.platform, release(), process.env)) {
    const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore' });
    const started = await new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(true));
      child.once('error', () => resolve(false));
    });
    if (!started) continue;
    child.unref();
    return true;
  }
  return false;
}
