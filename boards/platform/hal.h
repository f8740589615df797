/*
 * The interface between the agent and a board. A board implements these functions; no other part of the agent depends
 * on the chip. docs/porting.md describes how to implement them. All functions are called from one thread, and
 * interrupts never call the agent.
 */
#ifndef MOTE_HAL_H
#define MOTE_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash/flash.h"

/* Why the processor started. The metric `agent.boot` reports these numbers (agent/vitals.c): only append. */
enum hal_boot {
    HAL_BOOT_POWER = 0,    /* by power or by the reset pin */
    HAL_BOOT_SOFTWARE = 1, /* by hal_reset */
    HAL_BOOT_WATCHDOG = 2,
    HAL_BOOT_FAULT = 3,    /* a fault handler has recorded the fault */
};

/* What a fault handler records in memory that a reset retains. */
struct hal_fault {
    uint32_t kind;    /* the processor's number of the exception */
    uint32_t pc;      /* the instruction that faulted, or that ran when the watchdog expired; 0 if it is not known, as after a stack overflow */
    uint32_t address; /* the address that it accessed, 0 if the processor does not report it */
    uint32_t status;  /* the processor's fault status */
};

/* A source of samples: int16, little-endian, channels interleaved. */
struct hal_sensor {
    const char *name;
    uint32_t rate_millihertz;
    uint8_t channels;
    /* Samples in the agent's ring. */
    uint32_t ring_samples;
    /* Memory of the ring: ring_samples x channels values. */
    int16_t *ring;
    /* Starts sampling at `now_us`. The first sample is due one period later. */
    void (*start)(const struct hal_sensor *sensor, uint64_t now_us);
    /* Returns how many samples were taken from the start until `now_us`, whether they were read or not. */
    uint64_t (*produced)(const struct hal_sensor *sensor, uint64_t now_us);
    /*
     * Copies `count` samples, starting with number `first`. The agent requests no sample twice, but may skip samples
     * that it can not keep. A driver gives zeros for samples that its own buffer has lost.
     */
    void (*read)(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out);
    /* For the driver. */
    void *context;
};

/* Called once, first. Afterwards clocks, memory and the link are ready. */
void hal_start(void);

/* Returns monotonic microseconds since hal_start. */
uint64_t hal_now_us(void);

/*
 * Returns monotonic microseconds that advance while the node works, even if a simulator's clock (hal_now_us) does not.
 * They bound calls and measure swaps.
 */
uint64_t hal_work_us(void);

/*
 * Sleeps until `until_us`, or UINT64_MAX for no deadline. Returns earlier when the link has bytes, or has room again.
 */
void hal_sleep_until(uint64_t until_us);

/* Returns microseconds asleep since hal_start. */
uint64_t hal_asleep_us(void);

/* Copies up to `count` received bytes of the link. Returns how many, 0 if none wait. */
size_t hal_link_read(uint8_t *bytes, size_t count);

/* Passes bytes to the link. Returns how many it accepted. */
size_t hal_link_write(const uint8_t *bytes, size_t count);

/* Returns the flash of slots and stores, without the firmware. */
const struct flash *hal_flash(void);

/* Returns the sensors of the board. */
const struct hal_sensor *hal_sensors(uint32_t *count);

/* Returns random bits that differ from start to start, for session numbers and seeds, not for keys. */
uint32_t hal_random(void);

/* Starts the watchdog, which restarts the node if it is not fed within `timeout_ms`. */
void hal_watchdog_start(uint32_t timeout_ms);
void hal_watchdog_feed(void);

/*
 * Returns why the processor started. `fault` is the record for HAL_BOOT_FAULT and HAL_BOOT_WATCHDOG, zeros for others.
 */
enum hal_boot hal_boot_reason(struct hal_fault *fault);

/* Restarts the processor. */
_Noreturn void hal_reset(void);

/* Returns the high-water mark of the native stack in bytes, and its size. */
uint32_t hal_stack_used(uint32_t *size);

/* Returns the lowest address of the native stack. An access below it faults. */
uintptr_t hal_stack_floor(void);

/* Returns the memory for modules: all that is left, aligned to 16. */
uint8_t *hal_module_heap(uint32_t *size);

/*
 * Shows a line of text (`data` is NULL) or an inner buffer to a simulator or a debugger. A board without one ignores
 * it.
 */
void hal_trace(const char *name, size_t name_len, const uint8_t *data, size_t count);
bool hal_traces(void);

/* Returns an option of the start (docs/boards.md lists them), or NULL. Boards on hardware have none. */
const char *hal_option(const char *name);

#endif
