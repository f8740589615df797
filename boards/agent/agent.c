/* The start of a node and its turns. */
#include "agent.h"

#include <string.h>

#include "birth.h"
#include "dispatch.h"
#include "imports.h"
#include "inbound.h"
#include "panic.h"
#include "platform/hal.h"
#include "runtime/heap.h"
#include "settings.h"
#include "update.h"

/* The memory of the link. */
static uint8_t link_store[AGENT_LINK_STORE_BYTES];
static uint8_t link_frame[LINK_RECEIVE_BYTES(AGENT_MESSAGE_BYTES)];

/* Bytes of the native stack that are left for what a module calls, and for interrupts. */
#define STACK_RESERVE 1024

/* --- What the link asks for --- */

static void change(void *context, bool up, enum link_down why)
{
    (void)why;
    /* The link is one of the conditions of a trial. */
    if (up)
        dispatch(context, OUTCOME_HEALTH);
}

static void birth(void *context, struct message_birth *birth)
{
    birth_describe(context, birth);
}

static bool failure(void *context, struct message_ota *status)
{
    return update_failure(context, status);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return hal_now_us();
}

/* Differs at each start, even if the chip's random bits do not. */
static uint32_t session_id(void *context)
{
    const struct agent *agent = context;
    return hal_random() ^ agent->storage.boot * UINT32_C(0x85ebca6b);
}

static size_t write(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    return hal_link_write(bytes, count);
}

/* --- Start --- */

static int64_t work_us(void)
{
    return (int64_t)hal_work_us();
}

static uintptr_t stack_floor(void)
{
    return hal_stack_floor() + STACK_RESERVE;
}

static void start_link(struct agent *agent)
{
    struct uplink_options options = uplink_defaults(AGENT_MESSAGE_BYTES, sizeof link_store);
    options.store = link_store;
    options.store_bytes = sizeof link_store;
    options.receive = link_frame;
    options.receive_bytes = sizeof link_frame;
    options.io = (struct link_io){
        .now_us = now_us, .session_id = session_id, .write = write, .context = agent, .timers = &agent->schedule.asked};
    options.callbacks = (struct uplink_callbacks){
        .birth = birth, .failure = failure, .receive = inbound_receive, .change = change, .context = agent};
    uplink_init(&agent->uplink, &options);
}

static void start_modules(struct agent *agent)
{
    uint32_t size;
    uint8_t *heap = hal_module_heap(&size);
    const uint32_t wanted = settings_option("heap", size) & ~UINT32_C(15);
    if (wanted < size)
        size = wanted;
    /* Captures take the end of it. */
    const uint32_t wanted_captures = settings_option("windows", AGENT_CAPTURE_BYTES);
    const uint32_t max_captures = size / AGENT_CAPTURE_HEAP_SHARE;
    agent->captures.size = wanted_captures < max_captures ? wanted_captures : max_captures;
    size = (size - agent->captures.size) & ~UINT32_C(15);
    agent->captures.bytes = heap + size;
    heap_start(heap, size);
    const uint32_t share = size / AGENT_STACK_SHARE / 1024 * 1024;
    agent->host = (struct module_host){
        .agent = agent,
        .slots = &agent->storage.slots,
        .identity = &agent->identity,
        .imports = imports_table(),
        .import_count = imports_count(settings_option("accel", 1) != 0),
        .platform = {.now_us = work_us, .stack_floor = stack_floor},
        .memory_bytes = settings_option("memory", size),
        .stack_bytes = share < AGENT_MIN_STACK_BYTES   ? AGENT_MIN_STACK_BYTES
                       : share > AGENT_MAX_STACK_BYTES ? AGENT_MAX_STACK_BYTES
                                                       : share,
    };
}

/* After a fault of the processor: logs what the chip recorded, and fails an update that may be the cause. */
static void after_fault(struct agent *agent)
{
    struct hal_fault fault;
    const enum hal_boot reason = hal_boot_reason(&fault);
    if (reason != HAL_BOOT_FAULT && reason != HAL_BOOT_WATCHDOG)
        return;
    struct reason why;
    refuse_numbers(&why, reason == HAL_BOOT_FAULT ? REASON_PROCESSOR_FAULT : REASON_WATCHDOG,
                   (const uint32_t[]){fault.kind, fault.pc, fault.address, fault.status}, 4);
    publisher_error(agent, &why);
    supervisor_count_faults(agent, storage_faults(&agent->storage) + 1);
    trial_blame(agent);
}

/* Each start writes to the flash. A fault that recurs at each start must not wear it out. */
static void pause_after_fault(void)
{
    struct hal_fault fault;
    uint8_t unheard[64];
    if (hal_boot_reason(&fault) != HAL_BOOT_FAULT)
        return;
    while (hal_now_us() < NODE_RESTART_US) {
        hal_sleep_until(NODE_RESTART_US);
        while (hal_link_read(unheard, sizeof unheard) > 0)
            ;
    }
}

void agent_start(struct agent *agent)
{
    pause_after_fault();
    const struct storage_layout layout = {.agent_pages = NODE_AGENT_PAGES,
                                          .module_pages = NODE_MODULE_PAGES,
                                          .slots = {.journal_pages = SLOTS_JOURNAL_PAGES, .slot_pages = 0}};
    struct reason why;
    *agent = (struct agent){0};
    if (!storage_open(&agent->storage, hal_flash(), &layout, &why))
        panic(&why);
    identity_load(&agent->identity, &agent->storage);
    const struct hal_sensor *drivers = hal_sensors(&agent->sensor_count);
    if (agent->sensor_count > AGENT_SENSORS)
        agent->sensor_count = AGENT_SENSORS;
    for (uint32_t i = 0; i < agent->sensor_count; i++)
        sensor_init(&agent->sensors[i], &drivers[i]);
    schedule_init(&agent->schedule);
    const uint32_t seed = hal_option("seed") != NULL ? settings_option("seed", 1) : hal_random();
    random_start(&agent->random, seed + agent->storage.boot * UINT32_C(0x85ebca6b));
    start_modules(agent);
    start_link(agent);
    update_open(agent);
    agent->vitals.default_s = (int32_t)settings_option("vitals", AGENT_VITALS_S);
    vitals_configure(agent);
    after_fault(agent);
    /* After a fault the link comes up first, so that a repaired package can arrive before the module runs again. */
    if (agent->faults_in_row > 0)
        supervisor_start_later(agent, 0);
    else
        dispatch(agent, OUTCOME_RESTART);
    uplink_attach(&agent->uplink);
    trial_prepare(agent);
}

/* --- Turns --- */

/* Processes bytes of the link frame by frame: each frame is acknowledged before the next one is looked at. */
static bool take_link(struct agent *agent)
{
    struct link_bytes *bytes = &agent->link_bytes;
    const uint64_t start_us = hal_work_us();
    size_t taken = 0;
    while (taken < AGENT_LINK_TURN_BYTES && hal_work_us() - start_us < AGENT_LINK_TURN_US) {
        if (bytes->at == bytes->count) {
            bytes->at = 0;
            bytes->count = hal_link_read(bytes->bytes, sizeof bytes->bytes);
            if (bytes->count == 0)
                break;
        }
        const uint8_t *from = bytes->bytes + bytes->at;
        const size_t left = bytes->count - bytes->at;
        const uint8_t *end = memchr(from, 0, left);
        const size_t part = end == NULL ? left : (size_t)(end - from) + 1;
        uplink_receive(&agent->uplink, from, part);
        uplink_received(&agent->uplink);
        bytes->at += part;
        taken += part;
    }
    if (uplink_blocked(&agent->uplink))
        uplink_output(&agent->uplink);
    return taken > 0;
}

static enum outcome fire(struct agent *agent, enum timer timer)
{
    schedule_at(&agent->schedule, timer, SCHEDULE_NEVER);
    switch (timer) {
    case TIMER_STEP:
        return supervisor_step(agent);
    case TIMER_ERASE:
        update_erase(agent);
        return OUTCOME_NONE;
    case TIMER_SWAP:
        return trial_swap(agent);
    case TIMER_TRIAL:
        return trial_time_over(agent);
    case TIMER_RESTART:
        return OUTCOME_RESTART;
    case TIMER_VITALS:
        vitals_publish(agent);
        return OUTCOME_NONE;
    default:
        return OUTCOME_NONE;
    }
}

struct due {
    /* TIMERS for a timer of the link. */
    enum timer timer;
    uint32_t order;
    uint64_t us;
};

/* Returns what is due next; its time is UINT64_MAX if nothing is. */
static struct due next_due(const struct agent *agent)
{
    struct due next;
    uint64_t link_us;
    uint32_t link_order;
    next.timer = schedule_next(&agent->schedule, &next.us);
    next.order = next.timer == TIMERS ? 0 : agent->schedule.order[next.timer];
    if (!uplink_next(&agent->uplink, &link_us, &link_order))
        return next;
    const bool first = link_us == next.us && (int32_t)(link_order - next.order) < 0;
    if (next.timer == TIMERS || link_us < next.us || first)
        next = (struct due){.timer = TIMERS, .order = link_order, .us = link_us};
    return next;
}

uint64_t agent_next_us(const struct agent *agent)
{
    return next_due(agent).us;
}

bool agent_turn(struct agent *agent)
{
    /* Timers that are set from here on belong to the next turn, so that neither the module nor the link starves. */
    const uint32_t asked = agent->schedule.asked;
    bool did = false;
    for (;;) {
        const struct due next = next_due(agent);
        if (next.us > hal_now_us() || (int32_t)(next.order - asked) >= 0)
            break;
        did = true;
        if (next.timer == TIMERS)
            uplink_poll(&agent->uplink);
        else
            dispatch(agent, fire(agent, next.timer));
    }
    return take_link(agent) || did;
}
