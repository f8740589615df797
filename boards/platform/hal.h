/*
 * What a board gives the agent. A board is a folder with these functions, a linker script and `board.json`; nothing else in the agent
 * knows the chip. All are called from one thread; interrupts never call the agent.
 */
#ifndef MOTE_HAL_H
#define MOTE_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash/flash.h"

/* Why the processor started. The order is that of `boot_reasons` in agent.h's telemetry: append only. */
enum hal_boot {
    HAL_BOOT_POWER = 0,    /* power or reset pin */
    HAL_BOOT_SOFTWARE = 1, /* hal_reset */
    HAL_BOOT_WATCHDOG = 2,
    HAL_BOOT_FAULT = 3,    /* a fault handler recorded where */
};

/* What a fault handler keeps over the reset, in memory that start-up code doesn't clear. */
struct hal_fault {
    uint32_t kind;    /* the processor's number of the exception */
    uint32_t pc;      /* instruction that faulted, or ran when the watchdog expired; 0 where that was lost (a stack that was full) */
    uint32_t address; /* that it tried to reach, 0 where the processor doesn't tell */
    uint32_t status;  /* the processor's fault status */
};

/* A source of samples: channels interleaved int16 little-endian. */
struct hal_sensor {
    const char *name;
    uint32_t rate_millihertz;
    uint8_t channels;
    /* Samples that the agent's ring holds. */
    uint32_t ring_samples;
    /* Where the ring is: ring_samples x channels values. */
    int16_t *ring;
    /* Starts sampling at `now_us`: the first sample comes one period later. */
    void (*start)(const struct hal_sensor *sensor, uint64_t now_us);
    /* Samples taken since the start until `now_us`, read or not. */
    uint64_t (*produced)(const struct hal_sensor *sensor, uint64_t now_us);
    /*
     * Copies `count` samples from number `first` on. The agent asks for none that it asked for before, but may pass some over that
     * it can't keep; a driver whose own buffer lost some gives zeros.
     */
    void (*read)(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out);
    /* The driver's own. */
    void *context;
};

/* Clocks, memory and the link are ready after this. Called once, first. */
void hal_start(void);

/* Monotonic microseconds since hal_start. */
uint64_t hal_now_us(void);

/*
 * Monotonic microseconds that go on also where hal_now_us stands still while the node works, in a simulator's time: bounds a call,
 * measures a swap.
 */
uint64_t hal_work_us(void);

/* Waits for `until_us` with the processor asleep; returns earlier when the link has bytes or room again. UINT64_MAX: no deadline. */
void hal_sleep_until(uint64_t until_us);

/* Microseconds spent asleep since hal_start. */
uint64_t hal_asleep_us(void);

/* Takes up to `count` bytes that came over the link; 0: none waits. */
size_t hal_link_read(uint8_t *bytes, size_t count);

/* Hands bytes to the link; returns how many it took. */
size_t hal_link_write(const uint8_t *bytes, size_t count);

/* The flash of slots and stores; without what the firmware itself lies in. */
const struct flash *hal_flash(void);

/* The board's sensors. */
const struct hal_sensor *hal_sensors(uint32_t *count);

/* Random bits that differ from start to start: session numbers, seeds. */
uint32_t hal_random(void);

/* The watchdog restarts the node when it isn't fed for `timeout_ms`. */
void hal_watchdog_start(uint32_t timeout_ms);
void hal_watchdog_feed(void);

/* Why it started, and what was recorded for HAL_BOOT_FAULT and HAL_BOOT_WATCHDOG (`fault` is zeros for the others). */
enum hal_boot hal_boot_reason(struct hal_fault *fault);

/* Restarts the processor. */
_Noreturn void hal_reset(void);

/* Most bytes of native stack that were ever in use, and how many there are. */
uint32_t hal_stack_used(uint32_t *size);

/* Lowest address that the native stack may reach; below it a fault is due. */
uintptr_t hal_stack_floor(void);

/* Memory for modules: everything that is left. Aligned to 16. */
uint8_t *hal_module_heap(uint32_t *size);

/*
 * A line or an inner buffer for whoever watches (a simulator, a debug probe); a board without one ignores it. `data` is NULL for a line
 * of text.
 */
void hal_trace(const char *name, size_t name_len, const uint8_t *data, size_t count);
bool hal_traces(void);

/*
 * What was said at the start by whoever started the node (a simulator; docs/boards.md lists its options); NULL where nobody can, or
 * said nothing.
 */
const char *hal_option(const char *name);

#endif
