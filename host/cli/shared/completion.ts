/** Completion of a shell: scripts with all commands and options, made from the tree of commands. */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Word {
  word: string;
  description: string;
}

interface Flag extends Word {
  /** Letter of the short form. */
  short: string | null;
  takesValue: boolean;
}

/** A command with its place, such as `key new`; the program itself has the place ''. */
interface Place {
  place: string;
  commands: Word[];
  flags: Flag[];
}

/** The script that a user's shell reads. It contains all words, so completing starts no program. */
export function completionScript(shell: Shell, program: Command): string {
  const places = placesOf(program, '');
  return `${WRITERS[shell](places).join('\n')}\n`;
}

function placesOf(command: Command, place: string): Place[] {
  const help = command.createHelp();
  const inner = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const commands = inner.map((one) => ({ word: one.name(), description: help.subcommandDescription(one) }));
  const flags = help.visibleOptions(command).flatMap((option) => {
    const { long, short, description } = option;
    const letter = short?.slice(1) ?? null;
    return long == null ? [] : [{ word: long, short: letter, description, takesValue: option.required }];
  });
  const below = inner.flatMap((one) => placesOf(one, `${place} ${one.name()}`.trim()));
  return [{ place, commands, flags }, ...below];
}

const WRITERS: Record<Shell, (places: Place[]) => string[]> = { bash, zsh, fish };

/** All places but the program itself, as patterns of a `case`. */
const patterns = (places: Place[]) => places.slice(1).map(({ place }) => `'${place}'`);
const wordsOf = (words: readonly Word[]) => words.map(({ word }) => word).join(' ');

function bash(places: Place[]): string[] {
  return [
    '# Completion of mote for bash. Read it with: source <(mote completion bash)',
    '_mote() {',
    `  local current=\${COMP_WORDS[COMP_CWORD]} place= commands= options= i next`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    next="\${place:+$place }\${COMP_WORDS[i]}"`,
    `    case "$next" in ${patterns(places).join('|')}) place=$next ;; esac`,
    '  done',
    '  case "$place" in',
    ...places.map(
      ({ place, commands, flags }) => `    '${place}') commands='${wordsOf(commands)}' options='${wordsOf(flags)}' ;;`,
    ),
    '  esac',
    '  if [[ $current == -* ]]; then commands=$options; fi',
    '  COMPREPLY=($(compgen -W "$commands" -- "$current"))',
    '}',
    'complete -o default -F _mote mote',
  ];
}

/** In quotes of zsh and fish; `:` separates a word from its description in zsh. */
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `'\\''`)}'`;
const described = ({ word, description }: Word) => quoted(`${word}:${description}`);

function zsh(places: Place[]): string[] {
  return [
    '#compdef mote',
    '# Completion of mote for zsh. Read it after compinit with: source <(mote completion zsh)',
    '_mote() {',
    "  local place='' next word",
    '  local -a commands options',
    `  for word in \${words[2,CURRENT-1]}; do`,
    `    next="\${place:+$place }$word"`,
    `    case "$next" in ${patterns(places).join('|')}) place=$next ;; esac`,
    '  done',
    '  case "$place" in',
    ...places.map(
      ({ place, commands, flags }) =>
        `    '${place}') commands=(${commands.map(described).join(' ')}) options=(${flags.map(described).join(' ')}) ;;`,
    ),
    '  esac',
    `  if [[ \${words[CURRENT]} == -* ]]; then _describe -o option options`,
    '  elif (( $#commands )); then _describe command commands',
    '  else _files; fi',
    '}',
    'compdef _mote mote',
  ];
}

function fish(places: Place[]): string[] {
  const at = (place: string) => `complete -c mote -n ${quoted(`__mote_at '${place}'`)}`;
  return [
    '# Completion of mote for fish. Read it with: mote completion fish | source',
    'function __mote_at',
    "  set -l place ''",
    '  for word in (commandline -opc)[2..-1]',
    '    set -l next (string trim "$place $word")',
    '    switch $next',
    `      case ${patterns(places).join(' ')}`,
    '        set place $next',
    '    end',
    '  end',
    '  test "$place" = "$argv[1]"',
    'end',
    ...places.flatMap(({ place, commands, flags }) => [
      ...commands.map(({ word, description }) => `${at(place)} -f -a ${word} -d ${quoted(description)}`),
      ...flags.map(({ word, short, description, takesValue }) => {
        const letter = short === null ? '' : ` -s ${short}`;
        return `${at(place)} -l ${word.slice(2)}${letter}${takesValue ? ' -r' : ''} -d ${quoted(description)}`;
      }),
    ]),
  ];
}
