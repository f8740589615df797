// Generated from abi/errors.json by abi/generate.mjs. Do not edit.

import type { ErrorCode } from './errors.ts';

/** What a module was doing when it failed; numbers begin with 1. */
export const PHASES = ['load', 'init', 'step', 'on_message', 'health'] as const;

/** Parts of sentences, by their numbers. */
export const PHRASES = {
  cbor_defect: [
    'it ends too early',
    'an item is of another type',
    'a number is out of its range',
    'a number is not in its shortest form',
    'an indefinite or reserved length',
    'a text is not UTF-8',
    'bytes are left over',
    'items are nested more than 16 deep',
    'a map key is neither an integer within 2^53 nor a text',
    'map keys are repeated or out of order',
  ],
  suit_defect: [
    'The authentication wrapper is no list',
    'The part of the authentication wrapper is no byte string',
    'No command of the manifest fetches one of the payloads',
    'The envelope has a member that its manifest does not cover',
    'The data does not start as an envelope (CBOR tag 107 and a map)',
    'The authentication wrapper is no byte string',
    'The manifest is no byte string',
    "The manifest's digest is not the one in the authentication wrapper",
    'A member is no byte string',
    'The manifest is no map',
    'The manifest is of another version than 1',
    'The manifest has no sequence number',
    'The authentication wrapper has more than 1024 bytes',
  ],
  cose_defect: [
    'The COSE key id is no byte string',
    'The signature is no COSE_Sign1 message (CBOR tag 18)',
    'A COSE_Sign1 message has four parts, and this one has not',
    'The COSE headers are no byte string and map',
    'The COSE payload is neither bytes nor null',
    'The COSE signature has not 64 bytes',
    'The protected COSE header is no map',
    'A COSE header parameter is there twice',
    'The COSE algorithm is not EdDSA or ES256, or the signature does not cover it',
    'A COSE header parameter is not understood',
  ],
  metadata_part: [
    'the name',
    'the version',
    'the ABI',
    'the memory',
    'the sensors',
    'the metrics',
    'the commands',
    'the models',
    'the fuel',
    'the trial time',
    'the product',
    'the node',
    'the group',
    'the largest step of the sequence',
    'a name',
    'a metric',
    'a unit',
    "a metric's exponent",
    'a model',
    "a model's digest",
    'it',
    'a key',
  ],
  metadata_defect: [
    ' is no text',
    ' has control characters or non-characters',
    ' is no number of 0 to 4294967295',
    ' is no number of 0 to 2^63 - 1',
    ' is no list of name, unit and exponent',
    ' is no number of -30 to 30',
    ' is no list of name and digest',
    ' has not 32 bytes',
    ' are no list of up to 256',
    ' is no map',
    ' is missing or unknown',
  ],
  target: ['product', 'node', 'group'],
  missing_export: [
    'the global abi_version',
    'the global memory_bytes',
    'the function init() -> i32',
    'the function step(i64) -> i64',
    'the function on_message(i32, i32)',
    'the function health() -> i32',
  ],
  module_function: ['init', 'step', 'on_message', 'health'],
  slot_condition: ['empty', 'receiving', 'ready', 'trial', 'confirmed', 'failed'],
} as const;

export interface Sentence {
  readonly id: string;
  /** Empty for a sentence that is reported without a code. */
  readonly code: ErrorCode | '';
  /** With `{0}` for a number, `{0|hex}`, `{0|NAME}` for a phrase of a list, and `{text}`. */
  readonly text: string;
}

/** Sentences that a node reports; their numbers begin with 1. */
export const SENTENCES = [
  // 1
  {
    id: 'other',
    code: '',
    text: '{text}',
  },
  // 2
  {
    id: 'flash_failed',
    code: 'FLASH_IO',
    text: 'The flash failed to erase or to program; what it holds is unknown. Try again.',
  },
  // 3
  {
    id: 'flash_start',
    code: 'FLASH_IO',
    text: "The flash failed to erase or to program, so this start couldn't be counted.",
  },
  // 4
  {
    id: 'flash_config',
    code: 'FLASH_IO',
    text: 'The flash failed to store the configuration.',
  },
  // 5
  {
    id: 'stores_fit',
    code: 'FLASH_RANGE',
    text: 'The flash is too small for the stores of the agent and the module.',
  },
  // 6
  {
    id: 'stores_pages',
    code: 'FLASH_RANGE',
    text: 'The stores of the agent and the module have two pages or more each.',
  },
  // 7
  {
    id: 'store_full',
    code: 'FLASH_RANGE',
    text: "The agent's store is full: give it more pages.",
  },
  // 8
  {
    id: 'slots_journal',
    code: 'FLASH_RANGE',
    text: "The flash is too small for the slots' journal.",
  },
  // 9
  {
    id: 'slots_size',
    code: 'FLASH_RANGE',
    text: 'The flash is too small for two slots of that size.',
  },
  // 10
  {
    id: 'slots_banks',
    code: 'FLASH_RANGE',
    text: "The slots' journal needs two banks that hold a record each.",
  },
  // 11
  {
    id: 'ota_format',
    code: 'OTA_FORMAT',
    text: 'An offer needs a SHA-256 of 32 bytes and a sequence and a size of 1 to 4294967295.',
  },
  // 12
  {
    id: 'ota_rollback',
    code: 'OTA_ROLLBACK',
    text: "Sequence {0} isn't above {1}, which this node has confirmed; build the package with a higher one.",
  },
  // 13
  {
    id: 'ota_failed_before',
    code: 'OTA_FAILED_BEFORE',
    text: 'Sequence {0} failed its trial on this node; fix the module and build it with a higher sequence.',
  },
  // 14
  {
    id: 'ota_below_failed',
    code: 'OTA_FAILED_BEFORE',
    text: 'Sequence {0} is below the {1} failed ones that this node remembers, so it may have failed as well; build the package with a higher one.',
  },
  // 15
  {
    id: 'ota_too_large',
    code: 'OTA_TOO_LARGE',
    text: 'The package has {0} bytes; a slot of this node holds {1}.',
  },
  // 16
  {
    id: 'ota_outside',
    code: 'OTA_TOO_LARGE',
    text: 'Bytes {0} to {1} leave a package of {2}.',
  },
  // 17
  {
    id: 'ota_busy',
    code: 'OTA_BUSY',
    text: 'A module is on trial, so both slots are in use; offer again once it is confirmed or failed.',
  },
  // 18
  {
    id: 'ota_gap',
    code: 'OTA_GAP',
    text: 'Bytes from {0} came when {1} was next; send them from there.',
  },
  // 19
  {
    id: 'ota_incomplete',
    code: 'OTA_GAP',
    text: '{0} of {1} bytes came; send the rest before finishing.',
  },
  // 20
  {
    id: 'ota_digest',
    code: 'OTA_DIGEST',
    text: 'What was received has another SHA-256 than was offered; send the package again.',
  },
  // 21
  {
    id: 'ota_damaged',
    code: 'OTA_DIGEST',
    text: 'The package in slot {0} is damaged in flash; send it again under a new sequence.',
  },
  // 22
  {
    id: 'ota_no_erase',
    code: 'OTA_STATE',
    text: 'No slot is being erased; begin a transfer first.',
  },
  // 23
  {
    id: 'ota_no_transfer',
    code: 'OTA_STATE',
    text: 'No transfer is under way; begin one first.',
  },
  // 24
  {
    id: 'ota_no_package',
    code: 'OTA_STATE',
    text: 'Slot {0} is {1|slot_condition}; it holds no package to read.',
  },
  // 25
  {
    id: 'ota_none_ready',
    code: 'OTA_STATE',
    text: 'No slot is ready, so none can go on trial; finish a transfer first.',
  },
  // 26
  {
    id: 'ota_no_trial',
    code: 'OTA_STATE',
    text: 'No slot is trial, so none can be confirmed; boot a trial first.',
  },
  // 27
  {
    id: 'ota_not_booted',
    code: 'OTA_STATE',
    text: 'The trial was never booted; call boot before confirm.',
  },
  // 28
  {
    id: 'ota_none_to_fail',
    code: 'OTA_STATE',
    text: 'No slot is trial, so none can fail; start a trial first.',
  },
  // 29
  {
    id: 'trial_interrupted',
    code: 'TRIAL_INTERRUPTED',
    text: 'The node restarted while the module was on trial and not confirmed.',
  },
  // 30
  {
    id: 'cbor',
    code: 'CBOR',
    text: "CBOR is refused: {0|cbor_defect}; the data is damaged or wasn't written by moteware.",
  },
  // 31
  {
    id: 'suit',
    code: 'SUIT',
    text: '{0|suit_defect}; this is no SUIT envelope that can be trusted.',
  },
  // 32
  {
    id: 'cose',
    code: 'COSE',
    text: "{0|cose_defect}; it can't be trusted.",
  },
  // 33
  {
    id: 'pkg_range',
    code: 'PKG_SEQUENCE',
    text: "A package's sequence is a whole number of 1 to 4294967295.",
  },
  // 34
  {
    id: 'pkg_parts',
    code: 'PKG_FORMAT',
    text: 'A package holds #wasm, #rom, #meta and nothing else, and this one does not.',
  },
  // 35
  {
    id: 'pkg_digest',
    code: 'PKG_DIGEST',
    text: "The package's manifest is not that of its contents; it is damaged, get it again.",
  },
  // 36
  {
    id: 'pkg_signatures',
    code: 'PKG_FORMAT',
    text: 'A package has one signature that names its key and nothing else, and this one does not.',
  },
  // 37
  {
    id: 'pkg_rom',
    code: 'PKG_FORMAT',
    text: 'The rom of a package lies at a multiple of 16 between 15 zeros, and this one does not; build the package again with this version.',
  },
  // 38
  {
    id: 'pkg_key',
    code: 'PKG_KEY',
    text: "The package is signed with key {text}, which isn't trusted here; sign it with a trusted key.",
  },
  // 39
  {
    id: 'key_type',
    code: 'KEY_TYPE',
    text: 'The key is not of the kind that the signature names; use the key that signed the package.',
  },
  // 40
  {
    id: 'pkg_signature',
    code: 'PKG_SIGNATURE',
    text: "The package's signature is wrong: it was changed after it was signed. Get it again.",
  },
  // 41
  {
    id: 'pkg_abi',
    code: 'PKG_ABI',
    text: "'{text}' was built for ABI {0}.{1}; this node has {2}.{3}. Build it for the node, or update the node's firmware.",
  },
  // 42
  {
    id: 'pkg_memory',
    code: 'PKG_MEMORY',
    text: "'{text}' needs {0} bytes of memory; this node gives {1}. Use a smaller model or a larger node.",
  },
  // 43
  {
    id: 'pkg_sequence',
    code: 'PKG_SEQUENCE',
    text: "'{text}' has sequence {0}; this node has confirmed {1}. Build it with a higher sequence.",
  },
  // 44
  {
    id: 'pkg_offered',
    code: 'PKG_SEQUENCE',
    text: 'The package has sequence {0}, it was offered as {1}.',
  },
  // 45
  {
    id: 'metadata',
    code: 'PKG_METADATA',
    text: "The package's metadata can't be used: {0|metadata_part}{1|metadata_defect}. Build the package again with this version.",
  },
  // 46
  {
    id: 'metadata_length',
    code: 'PKG_METADATA',
    text: "The package's metadata can't be used: {0|metadata_part} has {1} bytes, not 1 to 64. Build the package again with this version.",
  },
  // 47
  {
    id: 'metadata_memory',
    code: 'PKG_METADATA',
    text: "The package's metadata can't be used: the memory isn't what its module says. Build the package again with this version.",
  },
  // 48
  {
    id: 'wasm_export',
    code: 'WASM_EXPORT',
    text: "module doesn't export {0|missing_export}, which a node needs: build it with mote build",
  },
  // 49
  {
    id: 'node_sensor',
    code: 'NODE_SENSOR',
    text: "The module needs the sensor '{text}', which this node doesn't have.",
  },
  // 50
  {
    id: 'module_export',
    code: 'MODULE_EXPORT',
    text: "The module exports no {0|module_function}; build it with 'mote build'.",
  },
  // 51
  {
    id: 'module_memory',
    code: 'MODULE_MEMORY',
    text: 'The module needs {0} bytes of memory and this node gives {1}; use a smaller model.',
  },
  // 52
  {
    id: 'wasm_load',
    code: 'WASM_LOAD',
    text: 'wasm3 could not load the module: {text}',
  },
  // 53
  {
    id: 'module_init',
    code: 'MODULE_INIT',
    text: "init returned {0}: the module doesn't find what it needs on this node.",
  },
  // 54
  {
    id: 'trap_memory',
    code: 'TRAP_MEMORY',
    text: 'the module trapped: {text}',
  },
  // 55
  {
    id: 'trap_stack',
    code: 'TRAP_STACK',
    text: 'the module trapped: {text}',
  },
  // 56
  {
    id: 'trap_fuel',
    code: 'TRAP_FUEL',
    text: '{0|module_function} spent more than its {text} units of fuel',
  },
  // 57
  {
    id: 'trap_deadline',
    code: 'TRAP_DEADLINE',
    text: 'the module trapped: {text}',
  },
  // 58
  {
    id: 'trap_unreachable',
    code: 'TRAP_UNREACHABLE',
    text: 'the module trapped: {text}',
  },
  // 59
  {
    id: 'trap_divide',
    code: 'TRAP_DIVIDE',
    text: 'the module trapped: {text}',
  },
  // 60
  {
    id: 'trap_integer',
    code: 'TRAP_INTEGER',
    text: 'the module trapped: {text}',
  },
  // 61
  {
    id: 'trap_indirect',
    code: 'TRAP_INDIRECT',
    text: 'the module trapped: {text}',
  },
  // 62
  {
    id: 'trap_host',
    code: 'TRAP_HOST',
    text: 'the module trapped: {text}',
  },
  // 63
  {
    id: 'trap_other',
    code: 'TRAP_OTHER',
    text: 'the module trapped: {text}',
  },
  // 64
  {
    id: 'outside_memory',
    code: 'TRAP_MEMORY',
    text: "bytes {0} to {1} are outside the module's {2} bytes of memory",
  },
  // 65
  {
    id: 'outside_record',
    code: 'TRAP_MEMORY',
    text: "a record of an operator reaches outside the module's memory or rom",
  },
  // 66
  {
    id: 'broken_store',
    code: 'TRAP_HOST',
    text: "a host function failed: the flash can't be read or written",
  },
  // 67
  {
    id: 'health_failing',
    code: 'HEALTH_FAILING',
    text: 'The module on trial says that it is failing ({0}).',
  },
  // 68
  {
    id: 'trial_deadline',
    code: 'TRIAL_DEADLINE',
    text: 'The module on trial missed a deadline: its steps take too long.',
  },
  // 69
  {
    id: 'trial_link_down',
    code: 'TRIAL_LINK_DOWN',
    text: 'The link was not up at any time of the {0} ms when the module was healthy.',
  },
  // 70
  {
    id: 'trial_unhealthy',
    code: 'TRIAL_UNHEALTHY',
    text: 'The module was not healthy within its {0} ms.',
  },
  // 71
  {
    id: 'prepare_fault',
    code: 'NODE_FAULT',
    text: 'The node faulted while it made the package ready to run.',
  },
  // 72
  {
    id: 'processor_fault',
    code: 'NODE_FAULT',
    text: 'the processor faulted and restarted: exception {0} at {1|hex}, address {2|hex}, status {3|hex}',
  },
  // 73
  {
    id: 'watchdog',
    code: 'NODE_WATCHDOG',
    text: 'the watchdog restarted the node: exception {0} at {1|hex}, address {2|hex}, status {3|hex}',
  },
  // 74
  {
    id: 'failing',
    code: '',
    text: 'the module says that it is failing ({0})',
  },
  // 75
  {
    id: 'config_long',
    code: '',
    text: 'The configuration takes {0} bytes; 1024 is the most. Use fewer or shorter settings.',
  },
  // 76
  {
    id: 'config_full',
    code: '',
    text: "'config' doesn't fit: the store would hold {0} bytes of {1}. Delete keys that aren't needed.",
  },
  // 77
  {
    id: 'no_module',
    code: '',
    text: 'no module runs',
  },
  // 78
  {
    id: 'no_command',
    code: '',
    text: "the module takes no command '{text}'",
  },
  // 79
  {
    id: 'no_own_command',
    code: '',
    text: "the node takes no command '{text}'",
  },
  // 80
  {
    id: 'capture_body',
    code: '',
    text: 'the body of agent.window is [number, offset]',
  },
  // 81
  {
    id: 'capture_unknown',
    code: '',
    text: 'there is no such window, or it is shorter',
  },
  // 82
  {
    id: 'capture_room',
    code: '',
    text: 'there is no room for the answer; ask again',
  },
  // 83
  {
    id: 'pkg_format',
    code: 'PKG_FORMAT',
    text: "The package doesn't have format 2; build it again with this version.",
  },
  // 84
  {
    id: 'pkg_target',
    code: 'PKG_TARGET',
    text: "The package is for {0|target} '{text}', not for that of this node; build it for this node.",
  },
  // 85
  {
    id: 'pkg_step',
    code: 'PKG_SEQUENCE',
    text: "'{text}' has sequence {0}, more than {1} above the confirmed {2}. Build it with a lower sequence.",
  },
  // 86
  {
    id: 'module_read',
    code: 'MODULE_READ',
    text: "a read of {0} samples of the sensor '{text}', whose ring holds {1}; read fewer at a time.",
  },
  // 87
  {
    id: 'module_unread',
    code: 'MODULE_UNREAD',
    text: "The ring of the sensor '{text}' is full with {0} samples, and the module has read none; does it wait for more?",
  },
  // 88
  {
    id: 'module_step',
    code: 'MODULE_STEP',
    text: 'step returned {0} us at {1} us, the {2}th time in a row that has passed or is within 100 us; return now plus a period.',
  },
  // 89
  {
    id: 'ota_budget',
    code: 'OTA_BUDGET',
    text: 'The node has begun {0} packages, as many as its flash takes in a day; offer this one again in {1} s.',
  },
  // 90
  {
    id: 'ota_size',
    code: 'OTA_FORMAT',
    text: 'The package has {0} bytes, it was offered with {1}.',
  },
  // 91
  {
    id: 'pkg_head',
    code: 'PKG_FORMAT',
    text: 'The first {0} bytes hold no signed manifest of a package; build the package again with this version.',
  },
  // 92
  {
    id: 'config_budget',
    code: '',
    text: 'The configuration was changed {0} times, as often as the flash takes in a day; send it again in {1} s.',
  },
] as const satisfies readonly Sentence[];
export type SentenceId = (typeof SENTENCES)[number]['id'];
