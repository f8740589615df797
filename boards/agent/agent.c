/* The node as a whole: its start, its turns, what it is told. */
#include "agent.h"

#include <string.h>

#include "platform/hal.h"
#include "runtime/heap.h"
#include "base/text.h"

/* The link's memory, apart from the rest so that its size is in one place. */
static uint8_t link_store[AGENT_LINK_STORE_BYTES];
static uint8_t link_frame[LINK_RECEIVE_BYTES(AGENT_MESSAGE_BYTES)];

/* Native stack that is left for what a module calls, and for interrupts. */
#define STACK_RESERVE 1024

void agent_broken(const char *what)
{
    hal_trace(what, strlen(what), NULL, 0);
    /* Not at once, so that a flash that is worn out isn't worn further by counting starts. */
    hal_watchdog_start(AGENT_WATCHDOG_MS);
    for (;;)
        hal_sleep_until(UINT64_MAX);
}

/* --- Who it is --- */

void agent_load_identity(struct agent *agent)
{
    struct span value;
    agent->key_count = 0;
    if (kv_get(&agent->storage.agent, (const uint8_t *)KEYS_KEY, strlen(KEYS_KEY), &value))
        keys_parse(value, agent->keys, &agent->key_count);
    if (kv_get(&agent->storage.agent, (const uint8_t *)"id", 2, &value) && text_is_name(value.bytes, value.count)) {
        agent->id = value;
        return;
    }
    const char *id = hal_option("id");
    agent->id = text_of(id != NULL && text_is_name((const uint8_t *)id, strlen(id)) ? id : "mote");
}

static uint32_t option_number(const char *name, uint32_t otherwise)
{
    const char *at = hal_option(name);
    if (at == NULL)
        return otherwise;
    uint32_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    return number;
}

int agent_sensor(const struct agent *agent, struct span name)
{
    for (uint32_t i = 0; i < agent->sensor_count; i++) {
        const char *own = agent->sensors[i].driver->name;
        if (strlen(own) == name.count && memcmp(own, name.bytes, name.count) == 0)
            return (int)i;
    }
    return -1;
}

bool agent_setting(const struct agent *agent, struct span name, int32_t *value)
{
    struct span stored;
    struct message message;
    if (!storage_config(&agent->storage, &stored) || !message_parse(stored.bytes, stored.count, &message) ||
        message.type != MESSAGE_CONFIG)
        return false;
    struct span setting;
    int32_t number;
    while (message_setting(&message.as.config, &setting, &number)) {
        if (setting.count != name.count || memcmp(setting.bytes, name.bytes, name.count) != 0)
            continue;
        *value = number;
        return true;
    }
    return false;
}

static void change(void *context, bool up, enum link_down why)
{
    struct agent *agent = context;
    (void)why;
    if (!up)
        return;
    trial_judge(agent, false);
    agent_settle(agent);
}

static void birth(void *context, struct message_birth *birth)
{
    publisher_birth(context, birth);
}

static bool failure(void *context, struct message_ota *status)
{
    return trial_failure(context, status);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return hal_now_us();
}

/* Another one with each start, whatever the chip's random bits are worth. */
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

/* --- Its start --- */

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
    const uint32_t wanted = option_number("heap", size) & ~UINT32_C(15);
    if (wanted < size)
        size = wanted;
    /* Raw windows have the end of it. */
    const uint32_t windows = option_number("windows", AGENT_CAPTURE_BYTES);
    agent->captures.size = windows < size / AGENT_CAPTURE_HEAP_SHARE ? windows : size / AGENT_CAPTURE_HEAP_SHARE;
    size = (size - agent->captures.size) & ~UINT32_C(15);
    agent->captures.bytes = heap + size;
    heap_start(heap, size);
    agent->memory_bytes = option_number("memory", size);
    const uint32_t share = size / AGENT_STACK_SHARE / 1024 * 1024;
    agent->stack_bytes = share < AGENT_MIN_STACK_BYTES  ? AGENT_MIN_STACK_BYTES
                         : share > AGENT_MAX_STACK_BYTES ? AGENT_MAX_STACK_BYTES
                                                    : share;
    agent->accelerated = option_number("accel", 1) != 0;
    agent->platform = (struct instance_platform){.now_us = work_us, .stack_floor = stack_floor};
}

void agent_count_faults(struct agent *agent, uint32_t faults)
{
    const enum kv_result result = storage_save_faults(&agent->storage, faults);
    /* One that doesn't fit is forgotten at the next start; so is a failure of the flash, which shows elsewhere. */
    agent->faults_kept = faults > 0 && result == KV_OK;
    agent->faults_in_row = faults;
    agent_load_identity(agent);
}

/* A start that wasn't asked for: what the chip says of it, and what it means for an update. */
static void after_fault(struct agent *agent)
{
    struct hal_fault fault;
    const enum hal_boot reason = hal_boot_reason(&fault);
    if (reason != HAL_BOOT_FAULT && reason != HAL_BOOT_WATCHDOG)
        return;
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, reason == HAL_BOOT_FAULT ? "NODE_FAULT the processor faulted and restarted: exception "
                                             : "NODE_WATCHDOG the watchdog restarted the node: exception ");
    text_add_unsigned(&text, fault.kind);
    const struct {
        const char *name;
        uint32_t value;
    } words[] = {{" at ", fault.pc}, {", address ", fault.address}, {", status ", fault.status}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        text_add(&text, words[i].name);
        text_add_hex(&text, words[i].value);
    }
    publisher_error(agent, &text);
    agent_count_faults(agent, storage_faults(&agent->storage) + 1);
    trial_blame(agent);
}

/* A fault that comes back at each start must not wear out the flash, in which starts are counted. */
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
        agent_broken(why.text);
    agent_load_identity(agent);
    const struct hal_sensor *drivers = hal_sensors(&agent->sensor_count);
    if (agent->sensor_count > AGENT_SENSORS)
        agent->sensor_count = AGENT_SENSORS;
    for (uint32_t i = 0; i < agent->sensor_count; i++)
        sensor_init(&agent->sensors[i], &drivers[i]);
    schedule_init(&agent->schedule);
    const uint32_t seed = hal_option("seed") != NULL ? option_number("seed", 1) : hal_random();
    random_start(&agent->random, seed + agent->storage.boot * UINT32_C(0x85ebca6b));
    start_modules(agent);
    start_link(agent);
    trial_open(agent);
    agent->vitals_default_s = (int32_t)option_number("vitals", AGENT_VITALS_S);
    vitals_configure(agent);
    after_fault(agent);
    /* Whatever the module does to the processor, its successor can come over the link before it. */
    if (agent->faults_in_row > 0)
        supervisor_start_later(agent, 0);
    else
        supervisor_start(agent);
    uplink_attach(&agent->uplink);
    trial_prepare(agent);
}

void agent_settle(struct agent *agent)
{
    if (agent->reset_due)
        supervisor_start(agent);
}

/* --- Its turns --- */

/*
 * Takes what came over the link, frame by frame: what a frame asked for is acknowledged before the next is looked at.
 */
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

static void fire(struct agent *agent, enum timer timer)
{
    schedule_at(&agent->schedule, timer, SCHEDULE_NEVER);
    switch (timer) {
    case TIMER_STEP:
        supervisor_step(agent);
        break;
    case TIMER_ERASE:
        trial_erase(agent);
        break;
    case TIMER_SWAP:
        trial_swap(agent);
        break;
    case TIMER_TRIAL:
        trial_time_over(agent);
        break;
    case TIMER_RESTART:
        supervisor_start(agent);
        break;
    case TIMER_VITALS:
        vitals_publish(agent);
        break;
    default:
        break;
    }
    agent_settle(agent);
}

struct due {
    /* TIMERS: the link's. */
    enum timer timer;
    uint32_t order;
    uint64_t us;
};

/* What comes next; its time is UINT64_MAX when nothing does. */
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
    /*
     * What is asked for from here on is for the next turn: neither a module that always wants to run nor the link stops
     * the other.
     */
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
            fire(agent, next.timer);
    }
    return take_link(agent) || did;
}
