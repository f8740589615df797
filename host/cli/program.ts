/**
 * The program `mote`: one file a command. The file of a command is loaded when that command is called, so that each
 * starts fast.
 */
import { Command } from 'commander';
import { packageVersion } from '../base/index.ts';
import { Exit } from './shared/terminal.ts';

/** What a program that calls `mote` may rely on. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [Exit.ok, 'success'],
  [Exit.failed, 'negative result (outputs differ, a module rolled back)'],
  [Exit.usage, 'wrong use or input'],
  [Exit.defect, 'defect of moteware'],
  [Exit.interrupted, 'demo interrupted by Ctrl-C'],
];

interface Entry {
  /** Name and arguments. */
  usage: string;
  /** One line for the list of commands. */
  summary: string;
  load(): Promise<(program: Command) => void>;
}

/** In the order in which a user meets them. */
export const COMMANDS: readonly Entry[] = [
  {
    usage: 'new <folder>',
    summary: 'Makes a sensor project.',
    load: async () => (await import('./new.ts')).registerNew,
  },
  {
    usage: 'build [app]',
    summary: 'Builds an app: models and TypeScript to a module, its rom and a signed package.',
    load: async () => (await import('./build.ts')).registerBuild,
  },
  {
    usage: 'sim [app]',
    summary: 'Runs an app on a simulated node.',
    load: async () => (await import('./sim.ts')).registerSim,
  },
  {
    usage: 'test [paths...]',
    summary: 'Runs the scenarios of an app on a simulated node.',
    load: async () => (await import('./test.ts')).registerTest,
  },
  {
    usage: 'run [app]',
    summary: "Runs an app on a board's own firmware, in QEMU or as a process.",
    load: async () => (await import('./run.ts')).registerRun,
  },
  {
    usage: 'shim',
    summary: "Serves nodes' links and speaks MQTT 5 for them.",
    load: async () => (await import('./shim.ts')).registerShim,
  },
  {
    usage: 'forward',
    summary: 'Forwards messages to the broker of another site or of a centre.',
    load: async () => (await import('./forward.ts')).registerForward,
  },
  {
    usage: 'dead-letters',
    summary: 'Lists, sends again and drops messages that a gateway could not deliver.',
    load: async () => (await import('./dead-letters.ts')).registerDeadLetters,
  },
  {
    usage: 'site',
    summary: 'Takes, keeps and answers what the devices of a plant send.',
    load: async () => (await import('./site.ts')).registerSite,
  },
  {
    usage: 'plant',
    summary: 'Simulates a plant: machines, what goes wrong, and their nodes.',
    load: async () => (await import('./plant.ts')).registerPlant,
  },
  {
    usage: 'push [app]',
    summary: 'Updates a node and follows the update to its result.',
    load: async () => (await import('./push.ts')).registerPush,
  },
  {
    usage: 'send <node> <command> [json]',
    summary: 'Sends a command to a node and prints its answer.',
    load: async () => (await import('./send.ts')).registerSend,
  },
  {
    usage: 'config <node> [settings...]',
    summary: "Changes or shows a node's configuration.",
    load: async () => (await import('./config.ts')).registerConfig,
  },
  {
    usage: 'board',
    summary: 'Lists and checks boards.',
    load: async () => (await import('./board.ts')).registerBoard,
  },
  {
    usage: 'flash <board> [app]',
    summary: "Builds a board's firmware and puts it on the board.",
    load: async () => (await import('./flash.ts')).registerFlash,
  },
  {
    usage: 'monitor <target>',
    summary: "Shows a node's log, events, telemetry and updates live.",
    load: async () => (await import('./monitor.ts')).registerMonitor,
  },
  {
    usage: 'query <question>',
    summary: 'Asks the store of a site, or prints the SQL of a question.',
    load: async () => (await import('./query.ts')).registerQuery,
  },
  {
    usage: 'key',
    summary: 'Makes signing keys of packages.',
    load: async () => (await import('./key.ts')).registerKey,
  },
  {
    usage: 'package',
    summary: 'Inspects and verifies packages (.mote).',
    load: async () => (await import('./package.ts')).registerPackage,
  },
  {
    usage: 'model',
    summary: 'Inspects, compiles, verifies and benchmarks models (.tflite, int8).',
    load: async () => (await import('./model.ts')).registerModel,
  },
  {
    usage: 'doctor',
    summary: 'Checks what this machine has, and shows how to install what is missing.',
    load: async () => (await import('./doctor.ts')).registerDoctor,
  },
  {
    usage: 'demo',
    summary: 'Shows the whole product on a recording, in half a minute.',
    load: async () => (await import('./demo.ts')).registerDemo,
  },
  {
    usage: 'completion <shell>',
    summary: 'Prints what bash, zsh or fish needs to complete commands.',
    async load() {
      const { registerCompletion } = await import('./completion.ts');
      return (program) => registerCompletion(program, createProgram);
    },
  },
];

/** Commands under the headings of the help; those that are in no group, such as `help`, come under the last one. */
export const GROUPS: readonly (readonly [heading: string, names: readonly string[]])[] = [
  ['An app:', ['new', 'build', 'sim', 'test', 'run']],
  ['Nodes and gateways:', ['shim', 'forward', 'dead-letters', 'push', 'send', 'config', 'monitor', 'board', 'flash']],
  ['A site:', ['site', 'query', 'plant']],
  ['Files:', ['key', 'package', 'model']],
  ['Help and set-up:', ['doctor', 'demo', 'completion']],
];

/** Subcommands copy exitOverride only when they are made after it; this makes all alike. */
function override(command: Command): void {
  command.exitOverride();
  command.commands.forEach(override);
}

/** With the files of all commands, or only of the one that has the name; the others are there by usage and summary. */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('mote')
    .description(
      'Compiles firmware logic and int8 models to signed WebAssembly for microcontrollers, simulates it, and updates nodes over the air.',
    )
    .version(packageVersion())
    .showHelpAfterError('(mote --help lists the commands)')
    .commandsGroup(GROUPS.at(-1)![0])
    .helpCommand('help [command]', 'Prints the help of a command.')
    .addHelpText('after', `\nExit codes: ${EXIT_CODES.map(([code, meaning]) => `${code} ${meaning}`).join(', ')}.`);
  for (const { usage, summary, load } of COMMANDS) {
    if (name === undefined || name === usage.split(' ')[0]) (await load())(program);
    else program.command(usage).summary(summary);
  }
  for (const command of program.commands) {
    const group = GROUPS.find(([, names]) => names.includes(command.name()));
    if (group !== undefined) command.helpGroup(group[0]);
  }
  override(program);
  return program;
}
