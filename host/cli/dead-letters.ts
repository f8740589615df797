/** `mote dead-letters`: messages of a gateway that could not be delivered. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { dropLetter, readLetters, type StoredLetter, sendLetters } from '../messaging/dead-letters/index.ts';
import { addCommand } from './shared/command.ts';
import { brokerCredentials, DEFAULT_BROKER } from './shared/options.ts';
import { Exit, type Terminal, table } from './shared/terminal.ts';

interface LetterOptions {
  data: string;
}
interface SendOptions extends LetterOptions {
  broker: string;
}
interface DropOptions extends LetterOptions {
  all?: boolean;
}

const DATA: [string, string, string] = [
  '--data <dir>',
  'folder of the gateway, as given to `mote shim`',
  '.mote/gateway',
];
/** Characters of an id on a screen, and as few as a user may give. */
const ID_LENGTH = 12;
const SHOWN_BYTES = 512;

const folderOf = ({ data }: LetterOptions): string => join(data, 'dead-letters');
const idOf = ({ id }: StoredLetter): string => id.slice(0, ID_LENGTH);

/** Reads the letters, and reports files that are none. */
function lettersIn(options: LetterOptions, terminal: Terminal): StoredLetter[] {
  const { letters, problems } = readLetters(folderOf(options));
  for (const { code, message } of problems) {
    terminal.data({ type: 'problem', code, message });
    terminal.line(terminal.paint('yellow', message));
  }
  return letters;
}

function find(letters: readonly StoredLetter[], id: string): StoredLetter {
  const found = letters.filter((letter) => id.length >= 4 && letter.id.startsWith(id));
  const [letter, other] = found;
  if (letter !== undefined && other === undefined) return letter;
  const why = letter === undefined ? 'No dead letter has' : 'More than one dead letter has';
  throw new MoteError('DEAD_LETTER', `${why} an id that begins with "${id}"; see \`mote dead-letters list\`.`);
}

const dataOf = ({ timeMs, payload, properties, file: _, ...letter }: StoredLetter, withPayload: boolean) => ({
  type: 'letter',
  ...letter,
  time: new Date(timeMs).toISOString(),
  properties,
  ...(withPayload && { payload }),
});

function list(options: LetterOptions, terminal: Terminal): number {
  const letters = lettersIn(options, terminal);
  for (const letter of letters) terminal.data(dataOf(letter, false));
  if (letters.length === 0) terminal.line(`No dead letters in ${folderOf(options)}.`);
  const rows = letters.map((letter) => [
    idOf(letter),
    new Date(letter.timeMs).toISOString().slice(0, 19),
    letter.direction,
    letter.node,
    letter.topic,
    `${letter.bytes} B`,
    letter.code,
  ]);
  for (const line of table(rows)) terminal.line(line);
  return Exit.ok;
}

function show(letter: StoredLetter, terminal: Terminal): number {
  terminal.data(dataOf(letter, true));
  const { properties, payload, bytes } = letter;
  const entries = Object.entries({ ...properties, ...properties.userProperties })
    .filter(([name]) => name !== 'userProperties')
    .map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)]);
  const rows = [
    ['id', letter.id],
    ['time', new Date(letter.timeMs).toISOString()],
    ['direction', letter.direction],
    ['node', letter.node],
    ['topic', `${letter.topic}${letter.retain ? ' (retained)' : ''}`],
    ['code', letter.code],
    ['reason', letter.reason],
    ...entries,
    ['payload', `${bytes} B${payload.length < bytes ? `, of which ${payload.length} were kept` : ''}`],
  ];
  for (const line of table(rows.map(([name = '', value = '']) => [terminal.paint('dim', name), value])))
    terminal.line(line);
  const start = Buffer.from(payload.subarray(0, SHOWN_BYTES));
  terminal.line(`${start.toString('hex')}${payload.length > SHOWN_BYTES ? '...' : ''}`);
  return Exit.ok;
}

async function send(ids: readonly string[], options: SendOptions, terminal: Terminal): Promise<number> {
  const all = lettersIn(options, terminal);
  // What the broker refused, but no states: a newer state may have been published since.
  const usual = all.filter(({ direction, retain }) => direction === 'to-broker' && !retain);
  const letters = ids.length === 0 ? usual : ids.map((id) => find(all, id));
  let failed = 0;
  if (letters.length === 0) terminal.line('There is nothing to send.');
  else {
    await sendLetters({
      dir: folderOf(options),
      letters,
      url: options.broker,
      ...brokerCredentials(),
      onLetter(letter, error) {
        if (error !== undefined) failed++;
        const { id, topic } = letter;
        terminal.data({ type: 'sent', id, topic, ok: error === undefined, ...(error && { code: error.code }) });
        const result = error === undefined ? terminal.paint('green', 'sent') : terminal.paint('red', error.message);
        terminal.line(`${idOf(letter)}  ${topic}  ${result}`);
      },
    });
  }
  const left = all.length - letters.length;
  if (ids.length === 0 && left > 0)
    terminal.line(`${left} more are states or came from the broker; name their ids to send them.`);
  return failed === 0 ? Exit.ok : Exit.failed;
}

function drop(ids: readonly string[], options: DropOptions, terminal: Terminal): number {
  if ((ids.length === 0) === (options.all !== true))
    throw new MoteError('USAGE', 'Name the letters to drop by their ids, or drop all with --all.');
  const all = lettersIn(options, terminal);
  const letters = options.all === true ? all : ids.map((id) => find(all, id));
  for (const letter of letters) {
    dropLetter(folderOf(options), letter);
    terminal.data({ type: 'dropped', id: letter.id, topic: letter.topic });
  }
  terminal.line(`${letters.length} dropped.`);
  return Exit.ok;
}

export function registerDeadLetters(program: Command): void {
  const group = program
    .command('dead-letters')
    .description(
      'Messages of a gateway that the broker refused for good, and messages from the broker that the gateway could not handle. All commands also work while the gateway runs.',
    );
  addCommand<[], LetterOptions>(group, {
    usage: 'list',
    description: 'Lists the letters of a gateway, oldest first.',
    options: [DATA],
    examples: ['mote dead-letters list', 'mote dead-letters list --data /var/lib/mote --json'],
    run: async ({ terminal, options }) => list(options, terminal),
  });
  addCommand<[string], LetterOptions>(group, {
    usage: 'show <id>',
    description:
      'Prints a letter: why it is here, its properties, and its payload in hexadecimal. The start of its id is enough.',
    options: [DATA],
    examples: ['mote dead-letters show 3f9ac1', 'mote dead-letters show 3f9ac1 --json'],
    run: async ({ terminal, options, args: [id] }) => show(find(lettersIn(options, terminal), id), terminal),
  });
  addCommand<[string[]], SendOptions>(group, {
    usage: 'send [ids...]',
    description:
      'Publishes letters again, oldest first, and deletes each that the broker accepts. Without ids: all that the broker refused, except states, because newer ones may have been published since.',
    failure: 'The broker did not accept a letter; it stays.',
    options: [
      DATA,
      [
        '-b, --broker <url>',
        'address of the broker; user and password in it, or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD; the user needs permission to write to the topics of the letters',
        DEFAULT_BROKER,
      ],
    ],
    examples: ['mote dead-letters send', 'mote dead-letters send 3f9ac1 --broker mqtts://broker.example'],
    run: ({ terminal, options, args: [ids] }) => send(ids, options, terminal),
  });
  addCommand<[string[]], DropOptions>(group, {
    usage: 'drop [ids...]',
    description: 'Deletes letters.',
    options: [DATA, ['--all', 'delete all of them']],
    examples: ['mote dead-letters drop 3f9ac1', 'mote dead-letters drop --all'],
    run: async ({ terminal, options, args: [ids] }) => drop(ids, options, terminal),
  });
}
