/*
 * The agent: everything that a node is besides its chip, as one structure. Each file of this folder is one part of its
 * work, and does to the byte what its namesake in host/device/node does.
 */
#ifndef MOTE_AGENT_H
#define MOTE_AGENT_H

#include "storage.h"
#include "update/transfer.h"
#include "link/uplink.h"
#include "module.h"
#include "base/random.h"
#include "schedule.h"
#include "sensor.h"
#include "base/text.h"
#include "captures.h"

/* Of the link, taken from the driver; those from `at` on aren't looked at yet. */
struct link_bytes {
    size_t at;
    size_t count;
    uint8_t bytes[128];
};

struct agent {
    struct span id;
    struct storage storage;
    struct public_key keys[PACKAGE_TRUSTED_KEYS];
    uint32_t key_count;
    struct sensor sensors[AGENT_SENSORS];
    uint32_t sensor_count;
    struct captures captures;
    struct schedule schedule;
    struct random random;
    struct uplink uplink;
    struct link_bytes link_bytes;
    struct transfer transfer;

    /* What modules may have. */
    struct instance_platform platform;
    uint32_t memory_bytes;
    uint32_t stack_bytes;
    bool accelerated;

    /* What runs, and the next module, loaded while the old one runs on; NULL for none. */
    struct module modules[2];
    struct module *running;
    struct module *prepared;
    /*
     * The ready package that is to be swapped in couldn't be loaded beside the old module: it is loaded in its place.
     */
    bool loads_late;
    uint8_t swap_sha256[MESSAGE_SHA256_BYTES];

    /* Numbers of what was said. */
    uint32_t frames;
    uint32_t events;
    /* The last fault, and how many there were without health between. */
    struct reason fault;
    uint32_t faults_in_row;
    /* Some of them were of the processor, and are counted in flash. */
    bool faults_kept;
    /* The module is to be started again, once what is under way is done: in place of a call from within itself. */
    bool reset_due;

    /* The agent's own telemetry. Its metrics follow so many of the module in the birth that was said last. */
    uint32_t module_metrics;
    int32_t vitals_default_s;
    uint32_t vitals_s;
    uint64_t asleep_us;
};

/* --- agent.c: the node as a whole --- */

/* Opens the flash, counts a start, starts the module and the link. Ends the node when there is no working flash. */
void agent_start(struct agent *agent);
/* Does what is due now, and takes what came over the link; false when there was neither. */
bool agent_turn(struct agent *agent);
/* When the next thing is due, UINT64_MAX for never. */
uint64_t agent_next_us(const struct agent *agent);
/* A setting of the node; false where it isn't set. */
bool agent_setting(const struct agent *agent, struct span name, int32_t *value);
/* Number of the sensor of that name, or -1. */
int agent_sensor(const struct agent *agent, struct span name);
/* Starts modules again that are to be: after everything that may end one. */
void agent_settle(struct agent *agent);
/* The flash failed: nothing that is said can be kept. Restarts the node. */
_Noreturn void agent_broken(const char *what);

/* Counts a start that a fault caused, or forgets them all. */
void agent_count_faults(struct agent *agent, uint32_t faults);

/* Who it is and whom it trusts lie in flash: looked for again whenever the agent's store has changed. */
void agent_load_identity(struct agent *agent);

/* --- told.c: what it is told --- */

/* A message of the link. */
void inbound_receive(void *context, const struct message *message);

/* --- verify.c: what may run --- */

/* Judges a package in flash; false, and why: it may not. */
bool verify_package(void *context, struct span bytes, uint32_t sequence, struct reason *why);

/* --- life.c: a module's life --- */

/* Starts what the slots say. */
void supervisor_start(struct agent *agent);
/* The same in a while from `since_us` on, the longer the more faults came in a row. */
void supervisor_start_later(struct agent *agent, uint64_t since_us);
/* Runs a loaded module: init, its birth, then the first step at once. */
void supervisor_run(struct agent *agent, struct module *next);
/* Ends the module and whatever was planned for it. */
void supervisor_stop(struct agent *agent);
void supervisor_step(struct agent *agent);
/* A command for subscription `id`, or -1 for a changed configuration; false when nothing runs or it was a fault. */
bool supervisor_message(struct agent *agent, int32_t id, struct span body);
/* Asks what runs for its health now. The answer, or a fault, may end it before this returns. */
void supervisor_ask(struct agent *agent);
/* A reason as it is told: what was under way, and the sentence on one line. */
struct reason supervisor_reason(const struct reason *why, const char *during);
/* A module's fault; `on_trial`: of one on trial. */
void supervisor_fault(struct agent *agent, const struct reason *why, const char *during, bool on_trial);

/* --- rollout.c: updates, the swap and its trial --- */

void trial_open(struct agent *agent);
void trial_offer(struct agent *agent, const struct message_offer *offer);
/* A page for the package that was offered. */
void trial_erase(struct agent *agent);
void trial_chunk(struct agent *agent, const struct message_chunk *chunk);
/* Loads what is ready while the old module still has its steps; the swap itself comes after. */
void trial_prepare(struct agent *agent);
/* The node restarted after a fault: a package that was ready then isn't tried again. */
void trial_blame(struct agent *agent);
void trial_swap(struct agent *agent);
/* Looks at the module on trial, if there is one; `timeout`: its time is over. */
void trial_judge(struct agent *agent, bool timeout);
void trial_time_over(struct agent *agent);
/* The module on trial has ended: the old one is back after one reset. */
void trial_roll_back(struct agent *agent, const struct reason *why);
bool trial_on_trial(const struct agent *agent);
/* The status of the last trial when it failed. */
bool trial_failure(const struct agent *agent, struct message_ota *status);

/* --- voice.c: what the node says --- */

void publisher_birth(struct agent *agent, struct message_birth *birth);
void publisher_publish(struct agent *agent, struct message_telemetry *frame);
/* False when there is no room. */
bool publisher_event(struct agent *agent, struct span name, struct span body);
/* One line, of any length. */
void publisher_log(struct agent *agent, uint8_t level, struct span line);
/* The agent's own complaint. */
void publisher_error(struct agent *agent, const struct text *text);

/* --- vitals.c: telemetry of the agent itself --- */

#define VITALS 6
/* Looks at the setting; true when it is another than before. */
bool vitals_configure(struct agent *agent);
void vitals_publish(struct agent *agent);
/* How many metrics follow those of the module in a birth message, and one of them. */
uint32_t vitals_count(const struct agent *agent);
struct message_metric vitals_metric(uint32_t index);

#endif
