/*
 * The state of a node, without its chip. Each part of the agent is a .c file with a header of its own; a part calls only
 * those below it:
 *
 *   agent        start and turns: timers, bytes of the link
 *   inbound      commands, configuration and packages that arrive over the link
 *   dispatch     decides what follows the outcome of a part below
 *   trial        the swap to a new package, and its trial
 *   update       transfer of a package, statuses, verify
 *   supervisor   starts, steps and ends modules
 *   imports      what a module may call
 *   birth        the birth message
 *   captures     raw samples before events
 *   vitals       telemetry of the agent itself
 *   publisher    telemetry, events and log lines
 *   module       one loaded module
 *   identity, sensor, settings, storage, schedule, panic
 */
#ifndef MOTE_STATE_H
#define MOTE_STATE_H

#include "base/random.h"
#include "captures.h"
#include "identity.h"
#include "link/uplink.h"
#include "module.h"
#include "publisher.h"
#include "schedule.h"
#include "sensor.h"
#include "storage.h"
#include "trial.h"
#include "update/transfer.h"
#include "vitals.h"

/* Bytes from the driver of the link. Those from `at` on wait to be processed. */
struct link_bytes {
    size_t at;
    size_t count;
    uint8_t bytes[128];
};

struct agent {
    struct identity identity;
    struct storage storage;
    struct sensor sensors[AGENT_SENSORS];
    uint32_t sensor_count;
    struct schedule schedule;
    struct random random;
    struct uplink uplink;
    struct link_bytes link_bytes;
    struct transfer transfer;

    /* What modules may use; memory for two; the one that runs, or NULL. */
    struct module_host host;
    struct module modules[2];
    struct module *running;

    struct publisher publisher;
    struct vitals vitals;
    struct captures captures;
    struct trial trial;

    /* The last fault, and how many have occurred since a module last reported that it is healthy. */
    struct reason fault;
    uint32_t faults_in_row;
    /* Some of them were faults of the processor: their number is stored in flash. */
    bool faults_stored;
};

#endif
