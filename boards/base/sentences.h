/* Generated from abi/errors.json by abi/generate.mjs. Do not edit. Numbers of the sentences that a node reports. */
#ifndef MOTE_SENTENCES_H
#define MOTE_SENTENCES_H

/* What a module was doing when it failed. */
enum reason_during {
    DURING_NONE = 0,
    DURING_LOAD = 1,
    DURING_INIT = 2,
    DURING_STEP = 3,
    DURING_ON_MESSAGE = 4,
    DURING_HEALTH = 5,
};

enum cbor_defect {
    CBOR_DEFECT_TOO_EARLY = 0,
    CBOR_DEFECT_TYPE = 1,
    CBOR_DEFECT_RANGE = 2,
    CBOR_DEFECT_SHORTEST = 3,
    CBOR_DEFECT_INDEFINITE = 4,
    CBOR_DEFECT_UTF8 = 5,
    CBOR_DEFECT_LEFT_OVER = 6,
    CBOR_DEFECT_DEPTH = 7,
    CBOR_DEFECT_KEY = 8,
    CBOR_DEFECT_KEY_ORDER = 9,
};
#define CBOR_DEFECTS 10

enum suit_defect {
    SUIT_DEFECT_WRAPPER_LIST = 0,
    SUIT_DEFECT_WRAPPER_PART = 1,
    SUIT_DEFECT_PAYLOAD = 2,
    SUIT_DEFECT_MEMBER = 3,
    SUIT_DEFECT_START = 4,
    SUIT_DEFECT_WRAPPER_BYTES = 5,
    SUIT_DEFECT_MANIFEST_BYTES = 6,
    SUIT_DEFECT_DIGEST = 7,
    SUIT_DEFECT_MEMBER_BYTES = 8,
    SUIT_DEFECT_MANIFEST_MAP = 9,
    SUIT_DEFECT_VERSION = 10,
    SUIT_DEFECT_SEQUENCE = 11,
    SUIT_DEFECT_WRAPPER_SIZE = 12,
};
#define SUIT_DEFECTS 13

enum cose_defect {
    COSE_DEFECT_KEY_ID = 0,
    COSE_DEFECT_MESSAGE = 1,
    COSE_DEFECT_PARTS = 2,
    COSE_DEFECT_HEADERS = 3,
    COSE_DEFECT_PAYLOAD = 4,
    COSE_DEFECT_SIGNATURE = 5,
    COSE_DEFECT_PROTECTED = 6,
    COSE_DEFECT_TWICE = 7,
    COSE_DEFECT_ALGORITHM = 8,
    COSE_DEFECT_PARAMETER = 9,
};
#define COSE_DEFECTS 10

enum metadata_part {
    METADATA_PART_NAME = 0,
    METADATA_PART_VERSION = 1,
    METADATA_PART_ABI = 2,
    METADATA_PART_MEMORY = 3,
    METADATA_PART_SENSORS = 4,
    METADATA_PART_METRICS = 5,
    METADATA_PART_COMMANDS = 6,
    METADATA_PART_MODELS = 7,
    METADATA_PART_FUEL = 8,
    METADATA_PART_TRIAL = 9,
    METADATA_PART_PRODUCT = 10,
    METADATA_PART_NODE = 11,
    METADATA_PART_GROUP = 12,
    METADATA_PART_MAX_STEP = 13,
    METADATA_PART_SOME_NAME = 14,
    METADATA_PART_METRIC = 15,
    METADATA_PART_UNIT = 16,
    METADATA_PART_EXPONENT = 17,
    METADATA_PART_MODEL = 18,
    METADATA_PART_DIGEST = 19,
    METADATA_PART_IT = 20,
    METADATA_PART_KEY = 21,
};
#define METADATA_PARTS 22

enum metadata_defect {
    METADATA_DEFECT_TEXT = 0,
    METADATA_DEFECT_CONTROL = 1,
    METADATA_DEFECT_U32 = 2,
    METADATA_DEFECT_FUEL = 3,
    METADATA_DEFECT_METRIC = 4,
    METADATA_DEFECT_EXPONENT = 5,
    METADATA_DEFECT_MODEL = 6,
    METADATA_DEFECT_DIGEST = 7,
    METADATA_DEFECT_LIST = 8,
    METADATA_DEFECT_MAP = 9,
    METADATA_DEFECT_KEY = 10,
};
#define METADATA_DEFECTS 11

enum target {
    TARGET_PRODUCT = 0,
    TARGET_NODE = 1,
    TARGET_GROUP = 2,
};
#define TARGETS 3

enum missing_export {
    MISSING_EXPORT_ABI_VERSION = 0,
    MISSING_EXPORT_MEMORY_BYTES = 1,
    MISSING_EXPORT_INIT = 2,
    MISSING_EXPORT_STEP = 3,
    MISSING_EXPORT_ON_MESSAGE = 4,
    MISSING_EXPORT_HEALTH = 5,
};
#define MISSING_EXPORTS 6

enum module_function {
    MODULE_FUNCTION_INIT = 0,
    MODULE_FUNCTION_STEP = 1,
    MODULE_FUNCTION_ON_MESSAGE = 2,
    MODULE_FUNCTION_HEALTH = 3,
};
#define MODULE_FUNCTIONS 4

enum slot_condition {
    SLOT_CONDITION_EMPTY = 0,
    SLOT_CONDITION_RECEIVING = 1,
    SLOT_CONDITION_READY = 2,
    SLOT_CONDITION_TRIAL = 3,
    SLOT_CONDITION_CONFIRMED = 4,
    SLOT_CONDITION_FAILED = 5,
};
#define SLOT_CONDITIONS 6

/* Each sentence, with its code and its text. */
enum reason_number {
    REASON_NONE = 0,
    /* {text} */
    REASON_OTHER = 1,
    /* FLASH_IO: The flash failed to erase or to program; what it holds is unknown. Try again. */
    REASON_FLASH_FAILED = 2,
    /* FLASH_IO: The flash failed to erase or to program, so this start couldn't be counted. */
    REASON_FLASH_START = 3,
    /* FLASH_IO: The flash failed to store the configuration. */
    REASON_FLASH_CONFIG = 4,
    /* FLASH_RANGE: The flash is too small for the stores of the agent and the module. */
    REASON_STORES_FIT = 5,
    /* FLASH_RANGE: The stores of the agent and the module have two pages or more each. */
    REASON_STORES_PAGES = 6,
    /* FLASH_RANGE: The agent's store is full: give it more pages. */
    REASON_STORE_FULL = 7,
    /* FLASH_RANGE: The flash is too small for the slots' journal. */
    REASON_SLOTS_JOURNAL = 8,
    /* FLASH_RANGE: The flash is too small for two slots of that size. */
    REASON_SLOTS_SIZE = 9,
    /* FLASH_RANGE: The slots' journal needs two banks that hold a record each. */
    REASON_SLOTS_BANKS = 10,
    /* OTA_FORMAT: An offer needs a SHA-256 of 32 bytes and a sequence and a size of 1 to 4294967295. */
    REASON_OTA_FORMAT = 11,
    /*
     * OTA_ROLLBACK: Sequence {0} isn't above {1}, which this node has confirmed; build the package with a higher one.
     */
    REASON_OTA_ROLLBACK = 12,
    /*
     * OTA_FAILED_BEFORE: Sequence {0} failed its trial on this node; fix the module and build it with a higher
     * sequence.
     */
    REASON_OTA_FAILED_BEFORE = 13,
    /*
     * OTA_FAILED_BEFORE: Sequence {0} is below the {1} failed ones that this node remembers, so it may have failed as
     * well; build the package with a higher one.
     */
    REASON_OTA_BELOW_FAILED = 14,
    /* OTA_TOO_LARGE: The package has {0} bytes; a slot of this node holds {1}. */
    REASON_OTA_TOO_LARGE = 15,
    /* OTA_TOO_LARGE: Bytes {0} to {1} leave a package of {2}. */
    REASON_OTA_OUTSIDE = 16,
    /* OTA_BUSY: A module is on trial, so both slots are in use; offer again once it is confirmed or failed. */
    REASON_OTA_BUSY = 17,
    /* OTA_GAP: Bytes from {0} came when {1} was next; send them from there. */
    REASON_OTA_GAP = 18,
    /* OTA_GAP: {0} of {1} bytes came; send the rest before finishing. */
    REASON_OTA_INCOMPLETE = 19,
    /* OTA_DIGEST: What was received has another SHA-256 than was offered; send the package again. */
    REASON_OTA_DIGEST = 20,
    /* OTA_DIGEST: The package in slot {0} is damaged in flash; send it again under a new sequence. */
    REASON_OTA_DAMAGED = 21,
    /* OTA_STATE: No slot is being erased; begin a transfer first. */
    REASON_OTA_NO_ERASE = 22,
    /* OTA_STATE: No transfer is under way; begin one first. */
    REASON_OTA_NO_TRANSFER = 23,
    /* OTA_STATE: Slot {0} is {1|slot_condition}; it holds no package to read. */
    REASON_OTA_NO_PACKAGE = 24,
    /* OTA_STATE: No slot is ready, so none can go on trial; finish a transfer first. */
    REASON_OTA_NONE_READY = 25,
    /* OTA_STATE: No slot is trial, so none can be confirmed; boot a trial first. */
    REASON_OTA_NO_TRIAL = 26,
    /* OTA_STATE: The trial was never booted; call boot before confirm. */
    REASON_OTA_NOT_BOOTED = 27,
    /* OTA_STATE: No slot is trial, so none can fail; start a trial first. */
    REASON_OTA_NONE_TO_FAIL = 28,
    /* TRIAL_INTERRUPTED: The node restarted while the module was on trial and not confirmed. */
    REASON_TRIAL_INTERRUPTED = 29,
    /* CBOR: CBOR is refused: {0|cbor_defect}; the data is damaged or wasn't written by moteware. */
    REASON_CBOR = 30,
    /* SUIT: {0|suit_defect}; this is no SUIT envelope that can be trusted. */
    REASON_SUIT = 31,
    /* COSE: {0|cose_defect}; it can't be trusted. */
    REASON_COSE = 32,
    /* PKG_SEQUENCE: A package's sequence is a whole number of 1 to 4294967295. */
    REASON_PKG_RANGE = 33,
    /* PKG_FORMAT: A package holds #wasm, #rom, #meta and nothing else, and this one does not. */
    REASON_PKG_PARTS = 34,
    /* PKG_DIGEST: The package's manifest is not that of its contents; it is damaged, get it again. */
    REASON_PKG_DIGEST = 35,
    /* PKG_FORMAT: A package has one signature that names its key and nothing else, and this one does not. */
    REASON_PKG_SIGNATURES = 36,
    /*
     * PKG_FORMAT: The rom of a package lies at a multiple of 16 between 15 zeros, and this one does not; build the
     * package again with this version.
     */
    REASON_PKG_ROM = 37,
    /* PKG_KEY: The package is signed with key {text}, which isn't trusted here; sign it with a trusted key. */
    REASON_PKG_KEY = 38,
    /* KEY_TYPE: The key is not of the kind that the signature names; use the key that signed the package. */
    REASON_KEY_TYPE = 39,
    /* PKG_SIGNATURE: The package's signature is wrong: it was changed after it was signed. Get it again. */
    REASON_PKG_SIGNATURE = 40,
    /*
     * PKG_ABI: '{text}' was built for ABI {0}.{1}; this node has {2}.{3}. Build it for the node, or update the node's
     * firmware.
     */
    REASON_PKG_ABI = 41,
    /* PKG_MEMORY: '{text}' needs {0} bytes of memory; this node gives {1}. Use a smaller model or a larger node. */
    REASON_PKG_MEMORY = 42,
    /* PKG_SEQUENCE: '{text}' has sequence {0}; this node has confirmed {1}. Build it with a higher sequence. */
    REASON_PKG_SEQUENCE = 43,
    /* PKG_SEQUENCE: The package has sequence {0}, it was offered as {1}. */
    REASON_PKG_OFFERED = 44,
    /*
     * PKG_METADATA: The package's metadata can't be used: {0|metadata_part}{1|metadata_defect}. Build the package again
     * with this version.
     */
    REASON_METADATA = 45,
    /*
     * PKG_METADATA: The package's metadata can't be used: {0|metadata_part} has {1} bytes, not 1 to 64. Build the
     * package again with this version.
     */
    REASON_METADATA_LENGTH = 46,
    /*
     * PKG_METADATA: The package's metadata can't be used: the memory isn't what its module says. Build the package
     * again with this version.
     */
    REASON_METADATA_MEMORY = 47,
    /* WASM_EXPORT: module doesn't export {0|missing_export}, which a node needs: build it with mote build */
    REASON_WASM_EXPORT = 48,
    /* NODE_SENSOR: The module needs the sensor '{text}', which this node doesn't have. */
    REASON_NODE_SENSOR = 49,
    /* MODULE_EXPORT: The module exports no {0|module_function}; build it with 'mote build'. */
    REASON_MODULE_EXPORT = 50,
    /* MODULE_MEMORY: The module needs {0} bytes of memory and this node gives {1}; use a smaller model. */
    REASON_MODULE_MEMORY = 51,
    /* WASM_LOAD: wasm3 could not load the module: {text} */
    REASON_WASM_LOAD = 52,
    /* MODULE_INIT: init returned {0}: the module doesn't find what it needs on this node. */
    REASON_MODULE_INIT = 53,
    /* TRAP_MEMORY: the module trapped: {text} */
    REASON_TRAP_MEMORY = 54,
    /* TRAP_STACK: the module trapped: {text} */
    REASON_TRAP_STACK = 55,
    /* TRAP_FUEL: {0|module_function} spent more than its {text} units of fuel */
    REASON_TRAP_FUEL = 56,
    /* TRAP_DEADLINE: the module trapped: {text} */
    REASON_TRAP_DEADLINE = 57,
    /* TRAP_UNREACHABLE: the module trapped: {text} */
    REASON_TRAP_UNREACHABLE = 58,
    /* TRAP_DIVIDE: the module trapped: {text} */
    REASON_TRAP_DIVIDE = 59,
    /* TRAP_INTEGER: the module trapped: {text} */
    REASON_TRAP_INTEGER = 60,
    /* TRAP_INDIRECT: the module trapped: {text} */
    REASON_TRAP_INDIRECT = 61,
    /* TRAP_HOST: the module trapped: {text} */
    REASON_TRAP_HOST = 62,
    /* TRAP_OTHER: the module trapped: {text} */
    REASON_TRAP_OTHER = 63,
    /* TRAP_MEMORY: bytes {0} to {1} are outside the module's {2} bytes of memory */
    REASON_OUTSIDE_MEMORY = 64,
    /* TRAP_MEMORY: a record of an operator reaches outside the module's memory or rom */
    REASON_OUTSIDE_RECORD = 65,
    /* TRAP_HOST: a host function failed: the flash can't be read or written */
    REASON_BROKEN_STORE = 66,
    /* HEALTH_FAILING: The module on trial says that it is failing ({0}). */
    REASON_HEALTH_FAILING = 67,
    /* TRIAL_DEADLINE: The module on trial missed a deadline: its steps take too long. */
    REASON_TRIAL_DEADLINE = 68,
    /* TRIAL_LINK_DOWN: The link was not up at any time of the {0} ms when the module was healthy. */
    REASON_TRIAL_LINK_DOWN = 69,
    /* TRIAL_UNHEALTHY: The module was not healthy within its {0} ms. */
    REASON_TRIAL_UNHEALTHY = 70,
    /* NODE_FAULT: The node faulted while it made the package ready to run. */
    REASON_PREPARE_FAULT = 71,
    /* NODE_FAULT: the processor faulted and restarted: exception {0} at {1|hex}, address {2|hex}, status {3|hex} */
    REASON_PROCESSOR_FAULT = 72,
    /* NODE_WATCHDOG: the watchdog restarted the node: exception {0} at {1|hex}, address {2|hex}, status {3|hex} */
    REASON_WATCHDOG = 73,
    /* the module says that it is failing ({0}) */
    REASON_FAILING = 74,
    /* The configuration takes {0} bytes; 1024 is the most. Use fewer or shorter settings. */
    REASON_CONFIG_LONG = 75,
    /* 'config' doesn't fit: the store would hold {0} bytes of {1}. Delete keys that aren't needed. */
    REASON_CONFIG_FULL = 76,
    /* no module runs */
    REASON_NO_MODULE = 77,
    /* the module takes no command '{text}' */
    REASON_NO_COMMAND = 78,
    /* the node takes no command '{text}' */
    REASON_NO_OWN_COMMAND = 79,
    /* the body of agent.window is [number, offset] */
    REASON_CAPTURE_BODY = 80,
    /* there is no such window, or it is shorter */
    REASON_CAPTURE_UNKNOWN = 81,
    /* there is no room for the answer; ask again */
    REASON_CAPTURE_ROOM = 82,
    /* PKG_FORMAT: The package doesn't have format 2; build it again with this version. */
    REASON_PKG_FORMAT = 83,
    /* PKG_TARGET: The package is for {0|target} '{text}', not for that of this node; build it for this node. */
    REASON_PKG_TARGET = 84,
    /*
     * PKG_SEQUENCE: '{text}' has sequence {0}, more than {1} above the confirmed {2}. Build it with a lower sequence.
     */
    REASON_PKG_STEP = 85,
    /* MODULE_READ: a read of {0} samples of the sensor '{text}', whose ring holds {1}; read fewer at a time. */
    REASON_MODULE_READ = 86,
    /*
     * MODULE_UNREAD: The ring of the sensor '{text}' is full with {0} samples, and the module has read none; does it
     * wait for more?
     */
    REASON_MODULE_UNREAD = 87,
    /*
     * MODULE_STEP: step returned {0} us at {1} us, the {2}th time in a row that has passed or is within 100 us; return
     * now plus a period.
     */
    REASON_MODULE_STEP = 88,
    /*
     * OTA_BUDGET: The node has begun {0} packages, as many as its flash takes in a day; offer this one again in {1} s.
     */
    REASON_OTA_BUDGET = 89,
    /* OTA_FORMAT: The package has {0} bytes, it was offered with {1}. */
    REASON_OTA_SIZE = 90,
    /*
     * PKG_FORMAT: The first {0} bytes hold no signed manifest of a package; build the package again with this version.
     */
    REASON_PKG_HEAD = 91,
    /* The configuration was changed {0} times, as often as the flash takes in a day; send it again in {1} s. */
    REASON_CONFIG_BUDGET = 92,
};

/* Numbers that a sentence has at most. */
#define REASON_NUMBERS 4

#endif
