/* Scenarios, and the checks in them. */
#include "scenario.h"

#include <string.h>

#include "crypto/crypto.h"

#define SEQUENCES 10
#define CHUNK_BYTES 300
/* A push ends after so many offers, one of which a fault may have spoilt. */
#define OFFERS 4

enum verdict {
    VERDICT_CONFIRM, /* the module is healthy: it is confirmed */
    VERDICT_FAIL,    /* the module fails in its trial */
    VERDICT_RESTART, /* the node restarts during the trial */
    VERDICT_REFUSE,  /* the package is not signed */
    VERDICT_DAMAGED, /* one byte arrives damaged the first time */
};

struct push {
    uint32_t sequence;
    /* Bytes on pages of 512; as many times more as pages are larger. */
    uint32_t total;
    enum verdict verdict;
    /* In the first life the sender gives up after so many such bytes; 0: it doesn't. */
    uint32_t stop;
};

/* A change of a key: no length, deleted. */
struct change {
    uint8_t key;
    uint16_t length;
};

struct scenario {
    const char *name;
    /* Module 1 runs and is confirmed before. */
    bool settled;
    const struct push *pushes;
    uint32_t push_count;
    const struct change *changes;
    uint32_t change_count;
};

#define PUSHES(name) .pushes = name, .push_count = sizeof name / sizeof name[0]
#define CHANGES(name) .changes = name, .change_count = sizeof name / sizeof name[0]

static const struct push first[] = {{1, 1150, VERDICT_CONFIRM, 0}};
static const struct push update[] = {{2, 1203, VERDICT_CONFIRM, 0}};
static const struct push superseded[] = {{3, 1203, VERDICT_CONFIRM, 900}, {4, 700, VERDICT_CONFIRM, 0}};
static const struct push resumed[] = {{2, 1203, VERDICT_CONFIRM, 600}, {2, 1203, VERDICT_CONFIRM, 0}};
static const struct push rolled_back[] = {
    {2, 600, VERDICT_FAIL, 0}, {2, 600, VERDICT_FAIL, 0}, {3, 520, VERDICT_CONFIRM, 0}};
static const struct push interrupted[] = {{2, 900, VERDICT_RESTART, 0}, {2, 900, VERDICT_RESTART, 0}};
static const struct push refused[] = {{2, 900, VERDICT_REFUSE, 0}, {3, 513, VERDICT_CONFIRM, 0}};
static const struct push damaged[] = {{2, 900, VERDICT_DAMAGED, 0}};
static const struct push everything[] = {
    {1, 1150, VERDICT_CONFIRM, 0}, {2, 1203, VERDICT_CONFIRM, 900}, {3, 1203, VERDICT_CONFIRM, 0},
    {4, 900, VERDICT_FAIL, 0},     {5, 900, VERDICT_REFUSE, 0},     {6, 1000, VERDICT_DAMAGED, 0},
    {7, 1203, VERDICT_RESTART, 0}, {8, 1203, VERDICT_FAIL, 0},      {9, 1536, VERDICT_CONFIRM, 0},
};

static const struct change small_changes[] = {
    {0, 5}, {2, 16}, {4, 27}, {1, 38}, {3, 9}, {3, 0},  {2, 31}, {0, 0},  {1, 13}, {2, 24}, {0, 35}, {0, 0},  {4, 17},
    {2, 0}, {3, 39}, {1, 10}, {0, 0}, {2, 32}, {1, 0}, {4, 25}, {3, 36}, {4, 0},  {2, 18}, {0, 29}, {2, 0},  {1, 11},
};
/* More than one program each. */
static const struct change large_changes[] = {{0, 280}, {1, 20}, {0, 290}, {0, 0}, {2, 285}, {1, 30}, {2, 0}, {0, 270}};

static const struct scenario scenarios[] = {
    {.name = "the first module", PUSHES(first)},
    {.name = "an update", .settled = true, PUSHES(update)},
    {.name = "a push that another one supersedes", .settled = true, PUSHES(superseded)},
    {.name = "a push that goes on later", .settled = true, PUSHES(resumed)},
    {.name = "a roll-back, and the next update", .settled = true, PUSHES(rolled_back)},
    {.name = "a restart within a trial", .settled = true, PUSHES(interrupted)},
    {.name = "a package that isn't signed", .settled = true, PUSHES(refused)},
    {.name = "bytes that come wrong", .settled = true, PUSHES(damaged)},
    {.name = "keys that are set and deleted", CHANGES(small_changes)},
    {.name = "large values", CHANGES(large_changes)},
    {.name = "all of it", PUSHES(everything), CHANGES(large_changes)},
};

const struct scenario *scenario_at(uint32_t index)
{
    return index < sizeof scenarios / sizeof scenarios[0] ? &scenarios[index] : NULL;
}

const char *scenario_name(const struct scenario *scenario)
{
    return scenario->name;
}

static void require(struct world *world, bool holds, const char *failure)
{
    if (holds)
        return;
    world->failure = failure;
    longjmp(world->chip.power, SCENARIO_FAILED);
}

/* A fault of the flash is the only thing that may have gone wrong, and the next try must do. */
static bool again(struct world *world, bool done, const struct reason *why)
{
    if (done)
        return false;
    require(world, world->chip.mode == CUT_FAULT && (why->number == REASON_FLASH_FAILED || why->number == REASON_FLASH_START),
            "the flash did what it should, and was refused");
    return true;
}

/* --- Packages: bytes that their sequence gives, with a run of ones that hides a page or spans two --- */

static uint32_t scaled(const struct world *world, uint32_t bytes)
{
    return bytes * (world->chip.flash.page / 512);
}

static uint8_t package_byte(const struct world *world, uint32_t sequence, uint32_t at)
{
    bool blank = at >= scaled(world, 500) && at < scaled(world, sequence % 2 == 0 ? 1030 : 600);
    return blank ? 0xff : (uint8_t)(at * 31 + sequence * 97 + (at >> 5));
}

static const uint8_t *package_sha256(const struct world *world, const struct push *push)
{
    uint32_t total = scaled(world, push->total);
    static struct {
        uint32_t total;
        uint8_t sha256[SHA256_BYTES];
    } known[SEQUENCES];
    if (known[push->sequence].total != total) {
        struct sha256 sha256;
        sha256_start(&sha256);
        for (uint32_t at = 0; at < total; at++) {
            uint8_t byte = package_byte(world, push->sequence, at);
            sha256_add(&sha256, &byte, 1);
        }
        sha256_finish(&sha256, known[push->sequence].sha256);
        known[push->sequence].total = total;
    }
    return known[push->sequence].sha256;
}

static const struct push *push_of(const struct world *world, uint32_t sequence)
{
    for (uint32_t i = 0; i < world->scenario->push_count; i++)
        if (world->scenario->pushes[i].sequence == sequence)
            return &world->scenario->pushes[i];
    return NULL;
}

/* --- Keys --- */

static bool key_is(const struct world *world, uint32_t key, const struct key_value *wanted)
{
    const uint8_t name[] = {'k', 'e', 'y', (uint8_t)('0' + key)};
    struct span value;
    if (!kv_get(&world->storage.module, name, sizeof name, &value))
        return !wanted->present;
    if (!wanted->present || value.count != wanted->length)
        return false;
    for (uint32_t i = 0; i < value.count; i++)
        if (value.bytes[i] != (uint8_t)(wanted->seed + i * 7))
            return false;
    return true;
}

/* What was acknowledged is there, and the change that was under way happened wholly or not at all. */
static void check_keys(struct world *world)
{
    struct promises *promises = &world->promises;
    if (promises->changing < SCENARIO_KEYS && key_is(world, promises->changing, &promises->change))
        promises->keys[promises->changing] = promises->change;
    promises->changing = SCENARIO_KEYS;
    uint32_t present = 0, found = 0, at = 0;
    struct span key, value;
    for (uint32_t i = 0; i < SCENARIO_KEYS; i++) {
        require(world, key_is(world, i, &promises->keys[i]), "a key isn't what it was promised to be");
        present += promises->keys[i].present;
    }
    while (kv_next(&world->storage.module, &at, &key, &value))
        found++;
    require(world, found == present, "there are keys that nobody set");
}

static void change_key(struct world *world, const struct change *change)
{
    struct promises *promises = &world->promises;
    struct kv *kv = &world->storage.module;
    uint8_t name[] = {'k', 'e', 'y', (uint8_t)('0' + change->key)}, value[ABI_MAX_VALUE];
    struct key_value next = {change->length > 0, (uint8_t)promises->changes, change->length};
    for (uint32_t i = 0; i < next.length; i++)
        value[i] = (uint8_t)(next.seed + i * 7);
    promises->changing = change->key;
    promises->change = next;
    enum kv_result result = KV_FLASH;
    for (uint32_t tries = 0; tries < 2 && result == KV_FLASH; tries++)
        result = next.present ? kv_set(kv, name, sizeof name, value, next.length) : kv_delete(kv, name, sizeof name);
    require(world, result == KV_OK || (result == KV_NOT_FOUND && !promises->keys[change->key].present),
            "a key couldn't be changed");
    promises->keys[change->key] = next;
    promises->changing = SCENARIO_KEYS;
    promises->changes++;
}

/* --- The node --- */

static bool verify(void *context, struct span package, uint32_t sequence, struct reason *why)
{
    struct world *world = context;
    const struct push *push = push_of(world, sequence);
    bool sent = push != NULL && package.count == scaled(world, push->total);
    require(world, sent, "a package was verified that nobody sent");
    for (uint32_t i = 0; i < package.count; i++)
        require(world, package.bytes[i] == package_byte(world, sequence, i), "a package was verified that isn't whole");
    if (push->verdict != VERDICT_REFUSE)
        return true;
    return refuse(why, REASON_PKG_SIGNATURE);
}

static bool verify_head(void *context, struct span chunk, const struct slots_offer *offer, struct reason *why)
{
    (void)why;
    return chunk.bytes[0] == package_byte(context, offer->sequence, 0);
}

/* The pushes of a life are within the budget of a day. */
static uint64_t now_us(void *context)
{
    (void)context;
    return 0;
}

static void take_status(void *context, const struct transfer_status *status)
{
    struct world *world = context;
    world->state = status->state;
    world->wants_head = status->state == TRANSFER_RECEIVING && status->total == 0;
    world->received = status->received;
    world->reason = status->reason != NULL ? status->reason->number : REASON_NONE;
}

static void start(struct world *world)
{
    static const struct storage_layout layout = {.agent_pages = 2, .module_pages = 2, .slots = {.journal_pages = 2}};
    struct promises *promises = &world->promises;
    struct reason why;
    /* Nothing in memory outlives the power. */
    memset(&world->storage, 0xa5, sizeof world->storage);
    memset(&world->transfer, 0xa5, sizeof world->transfer);
    while (again(world, storage_open(&world->storage, &world->chip.flash, &layout, &why), &why))
        ;
    require(world, world->storage.boot > promises->boot, "a start was counted twice");
    promises->boot = world->storage.boot;
    const struct transfer_callbacks callbacks = {now_us, verify_head, verify, take_status, world};
    transfer_open(&world->transfer, &world->storage.slots, &callbacks);
    require(world, transfer_ready(&world->transfer) == SLOT_NONE, "a package is ready that this life didn't verify");
    check_keys(world);
}

/* Runs what the slots say. Gives its sequence, 0 for none. */
static uint32_t run_module(struct world *world)
{
    struct promises *promises = &world->promises;
    struct slots *slots = &world->storage.slots;
    struct reason why;
    int slot = slots_find(slots, SLOT_TRIAL);
    if (slot != SLOT_NONE)
        promises->begun |= 1u << slots->state.slot[slot].sequence;
    while (again(world, slots_boot(slots, &slot, &why), &why))
        ;
    if (slot == SLOT_NONE) {
        require(world, promises->confirmed == 0, "there is nothing to run");
        return 0;
    }
    const struct slot_record *record = &slots->state.slot[slot];
    uint32_t sequence = record->sequence, bit = 1u << sequence;
    const uint8_t *package = region_bytes(&slots->region[slot]);
    for (uint32_t i = 0; i < record->total; i++)
        require(world, package[i] == package_byte(world, sequence, i), "what is to run isn't what was sent");
    require(world, (promises->failed & bit) == 0, "a module that failed runs again");
    require(world, sequence >= promises->confirmed, "an older module runs than the confirmed one");
    if (record->state == SLOT_TRIAL) {
        require(world, (promises->tried & bit) == 0, "a trial runs twice");
        promises->tried |= bit;
        return sequence;
    }
    require(world, record->state == SLOT_CONFIRMED, "something runs that is neither confirmed nor on trial");
    promises->confirmed = sequence;
    return sequence;
}

/* Runs what the slots say, and if that is on trial, decides on it. */
static void run(struct world *world)
{
    static const struct reason reason = {.number = REASON_TRIAL_DEADLINE};
    struct promises *promises = &world->promises;
    struct slots *slots = &world->storage.slots;
    struct reason why;
    uint32_t sequence = run_module(world);
    int trial = slots_find(slots, SLOT_TRIAL);
    if (trial == SLOT_NONE)
        return;
    switch (push_of(world, sequence)->verdict) {
    case VERDICT_FAIL:
        while (again(world, slots_fail(slots, &reason, &why), &why))
            ;
        break;
    case VERDICT_RESTART:
        start(world);
        break;
    default:
        while (again(world, slots_confirm(slots, &why), &why))
            ;
        promises->confirmed = sequence;
        return;
    }
    promises->failed |= 1u << sequence;
    run_module(world);
    require(world, slots_find(slots, SLOT_TRIAL) == SLOT_NONE, "a trial goes on after it failed");
}

static bool gives_up(const struct world *world, const struct push *push)
{
    return push->stop > 0 && world->promises.lives == 1;
}

/* Whether a slot was to be erased. */
static bool erase(struct world *world)
{
    bool erasing = transfer_erasing(&world->transfer);
    while (transfer_erasing(&world->transfer))
        transfer_erase(&world->transfer);
    return erasing;
}

/* Sends what the node asks for, from the start again when it says so; `wrong`: with a byte of each chunk but the head changed. */
static void send(struct world *world, const struct push *push, bool wrong)
{
    uint8_t chunk[CHUNK_BYTES];
    uint32_t end = scaled(world, gives_up(world, push) ? push->stop : push->total);
    for (uint32_t at = world->received; at < end && world->state == TRANSFER_RECEIVING;) {
        uint32_t count = end - at < CHUNK_BYTES ? end - at : CHUNK_BYTES;
        for (uint32_t i = 0; i < count; i++)
            chunk[i] = package_byte(world, push->sequence, at + i);
        chunk[0] ^= wrong && !world->wants_head;
        transfer_chunk(&world->transfer, package_sha256(world, push), at, chunk, count);
        at = erase(world) ? world->received : at + count;
    }
}

/* Whether the node's answer to an offer is the end of it. */
static bool is_over(struct world *world, const struct push *push)
{
    const struct promises *promises = &world->promises;
    if (world->state == TRANSFER_CONFIRMED)
        return true;
    if (world->state == TRANSFER_ROLLEDBACK || world->reason == REASON_OTA_FAILED_BEFORE || world->reason == REASON_OTA_BELOW_FAILED) {
        require(world, promises->begun >> push->sequence & 1, "a sequence failed that was never tried");
        return true;
    }
    if (world->state != TRANSFER_REFUSED)
        return false;
    if (world->reason == REASON_OTA_ROLLBACK) {
        require(world, push->sequence <= promises->confirmed, "a newer sequence was refused as an older one");
        return true;
    }
    if (world->reason == REASON_PKG_SIGNATURE) {
        bool kept = slots_find(&world->storage.slots, SLOT_READY) != SLOT_NONE;
        require(world, push->verdict == VERDICT_REFUSE, "a package was refused that is signed");
        require(world, !kept || world->chip.mode == CUT_FAULT, "a package is kept that was refused");
        return true;
    }
    bool expected = (push->verdict == VERDICT_DAMAGED && (world->reason == REASON_OTA_DIGEST || world->reason == REASON_OTA_DAMAGED)) ||
                    (world->chip.mode == CUT_FAULT && world->reason == REASON_FLASH_FAILED);
    require(world, expected, "a package was refused for another reason");
    return false;
}

static void send_package(struct world *world, const struct push *push)
{
    struct slots_offer offer = {.sequence = push->sequence, .total = scaled(world, push->total)};
    memcpy(offer.sha256, package_sha256(world, push), sizeof offer.sha256);
    for (uint32_t offers = 0; offers < OFFERS; offers++) {
        transfer_offer(&world->transfer, &offer);
        erase(world);
        if (!is_over(world, push))
            send(world, push, push->verdict == VERDICT_DAMAGED && offers == 0);
        if (transfer_ready(&world->transfer) != SLOT_NONE) {
            struct reason why;
            while (again(world, slots_start_trial(&world->storage.slots, &why), &why))
                ;
            run(world);
            return;
        }
        if (is_over(world, push) || (gives_up(world, push) && world->state == TRANSFER_RECEIVING))
            return;
    }
    require(world, false, "a push never came to its end");
}

/* A sequence that was to be confirmed and isn't had its one trial, and only a cut may have ended that. */
static void check_end(struct world *world)
{
    const struct promises *promises = &world->promises;
    start(world);
    uint32_t running = run_module(world);
    uint32_t newest = world->scenario->settled ? 1 : 0;
    for (uint32_t i = 0; i < world->scenario->push_count; i++) {
        const struct push *push = &world->scenario->pushes[i];
        bool good = push->verdict == VERDICT_CONFIRM || push->verdict == VERDICT_DAMAGED;
        bool begun = promises->begun >> push->sequence & 1;
        bool confirmed = promises->confirmed >= push->sequence;
        require(world, !good || gives_up(world, push) || begun || confirmed, "a push had no effect");
        if (good && promises->confirmed == push->sequence)
            newest = push->sequence;
    }
    require(world, running == newest && running == promises->confirmed, "the wrong module runs in the end");
}

void scenario_live(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    world->promises.lives++;
    start(world);
    run(world);
    for (uint32_t i = 0; i < scenario->push_count; i++)
        send_package(world, &scenario->pushes[i]);
    while (world->promises.changes < scenario->change_count)
        change_key(world, &scenario->changes[world->promises.changes]);
    check_end(world);
}

void scenario_prepare(struct world *world)
{
    static const struct scenario settled = {.name = "settled", PUSHES(first)};
    const struct scenario *wanted = world->scenario;
    memset(&world->promises, 0, sizeof world->promises);
    world->promises.changing = SCENARIO_KEYS;
    if (!wanted->settled)
        return;
    world->scenario = &settled;
    scenario_live(world);
    world->promises.lives = 0;
    world->scenario = wanted;
}
