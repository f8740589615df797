/** Observers of builds, printed: progress on a terminal, warnings, and how long a build took. */
import type { BuildObserver } from '../../toolchain/app/index.ts';
import type { FirmwareObserver } from '../../toolchain/board/index.ts';
import type { Terminal } from './terminal.ts';

/** Seconds of a build, to a tenth. */
export const secondsText = (seconds: number): string => `${seconds.toFixed(1)} s`;

export function showWarning(terminal: Terminal, text: string): void {
  terminal.line(`${terminal.paint('yellow', 'warning')} ${text}`);
}

export function showBuild(terminal: Terminal): Required<BuildObserver> {
  return {
    onBuildStep(step) {
      if (step.step === 'model') terminal.progress(`compiling model ${step.name} ...`);
      else terminal.progress(`${step.step === 'compile' ? 'compiling' : 'checking'} the module ...`);
    },
    onBuilt({ warnings, cached, metadata: { name, version } }, seconds) {
      for (const warning of warnings) showWarning(terminal, warning);
      terminal.progress('');
      const how = cached
        ? `${name} ${version} is built already`
        : `built ${name} ${version} in ${secondsText(seconds)}`;
      terminal.line(terminal.paint('dim', how));
    },
  };
}

export function showFirmware(terminal: Terminal): Required<FirmwareObserver> {
  return {
    onFirmwareBuild: (board) => terminal.progress(`building the firmware of ${board} ...`),
    onFirmwareProgress: (board, done, files) =>
      terminal.progress(`building the firmware of ${board}: ${done} of ${files} files`),
    onFirmwareEnd(result) {
      terminal.progress('');
      if (result === null || result.compiled === 0) return;
      const { board, seconds, compiled } = result;
      const what = `built the firmware of ${board} in ${secondsText(seconds)}, ${compiled} files`;
      terminal.line(terminal.paint('dim', what));
    },
  };
}
