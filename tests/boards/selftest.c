/*
 * The test of hal.h on every board. Runs the test that option `do` selects, writes the results to the host's console as
 * lines `name value`, and ends. Calls of the host are used only for that.
 */
#include <string.h>

#include "flash/flash.h"
#include "platform/emulated/host.h"
#include "platform/hal.h"

static void say(const char *name, uint64_t value)
{
    char text[24];
    char *at = text + sizeof text;
    *--at = 0;
    *--at = '\n';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    *--at = ' ';
    host_print(name);
    host_print(at);
}

static bool first_start(void)
{
    struct hal_fault fault;
    return hal_boot_reason(&fault) == HAL_BOOT_POWER;
}

static void say_boot(void)
{
    struct hal_fault fault;
    say("boot", hal_boot_reason(&fault));
    say("kind", fault.kind);
    say("pc", fault.pc);
    say("address", fault.address);
    say("status", fault.status);
}

static void do_memory(void)
{
    uint32_t size;
    uint8_t *heap = hal_module_heap(&size);
    memset(heap, 0xA5, size);
    say("heap", size);
    say("aligned", (uintptr_t)heap % 16 == 0);
    say("stack-used", hal_stack_used(&size));
    say("stack", size);
    uint8_t here;
    say("floor-below", hal_stack_floor() < (uintptr_t)&here);
}

static uint8_t touch_stack(uint32_t bytes)
{
    volatile uint8_t frame[256];
    memset((uint8_t *)frame, (int)bytes, sizeof frame);
    return bytes > sizeof frame ? (uint8_t)(touch_stack(bytes - (uint32_t)sizeof frame) + frame[7]) : frame[3];
}

static void do_stack(void)
{
    uint32_t size;
    say("before", hal_stack_used(&size));
    touch_stack(2048);
    say("after", hal_stack_used(&size));
}

/* Reads the clock on and on where its hardware runs round, which is at whole quarters of a second. */
static void do_time(void)
{
    uint64_t last = hal_now_us(), steps = 0;
    for (uint64_t quarter = 1; quarter <= 5; quarter++) {
        uint64_t edge = last / 250000u * 250000u + 250000u;
        hal_sleep_until(edge - 300u);
        last = hal_now_us();
        while (last < edge + 300u) {
            uint64_t now = hal_now_us();
            if (now < last)
                say("backwards", last - now);
            if (now - last > 10u)
                say("jump", now - last);
            last = now;
            steps++;
        }
    }
    uint64_t asleep = hal_asleep_us();
    while (hal_now_us() < last + 1000u)
        ;
    say("asleep-awake", hal_asleep_us() - asleep);
    uint64_t before = hal_now_us();
    hal_sleep_until(before + 1300000u);
    uint64_t after = hal_now_us();
    say("slept", after - before);
    say("asleep", hal_asleep_us() - asleep);
    hal_sleep_until(before);
    say("past", hal_now_us() - after < 100000u);
    say("steps", steps);
}

/* Programs, erases, and shows that the window follows. */
static void do_flash(void)
{
    const struct flash *flash = hal_flash();
    uint8_t block[512];
    for (uint32_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i * 7);
    uint32_t at = flash->size - flash->page;
    bool erased = true;
    for (uint32_t i = 0; i < flash->page; i++)
        erased &= flash->base[at + i] == 0xFF;
    say("erased", erased);
    say("programmed", flash->program(flash, at, block, sizeof block) && flash->sync(flash));
    say("equal", memcmp(flash->base + at, block, sizeof block) == 0);
    say("again", flash->erase(flash, at, flash->page) && flash->base[at] == 0xFF);
    say("kept", flash->program(flash, flash->page, block, 256));
}

/* What docs/spec/flash.md forbids: the emulation ends the node. */
static void do_nor(void)
{
    const struct flash *flash = hal_flash();
    uint8_t block[256];
    memset(block, 0xF0, sizeof block);
    flash->program(flash, 0, block, sizeof block);
    memset(block, 0x70, sizeof block);
    flash->program(flash, 0, block, sizeof block);
    say("allowed", 1);
}

/*
 * Asks for bytes until they come, since neither a UART that isn't on yet nor a wire that isn't there yet keeps any; then they come back, each
 * changed in one bit, until a second zero.
 */
static void do_echo(void)
{
    uint64_t bytes = 0;
    uint32_t zeros = 0;
    uint8_t buffer[64];
    while (zeros < 2) {
        if (bytes == 0)
            hal_link_write((const uint8_t *)"?", 1);
        hal_sleep_until(bytes == 0 ? hal_now_us() + 50000u : UINT64_MAX);
        for (size_t got; (got = hal_link_read(buffer, sizeof buffer)) > 0;) {
            for (size_t i = 0; i < got; i++) {
                zeros += buffer[i] == 0;
                buffer[i] ^= 0x20;
            }
            for (size_t done = 0; done < got;) {
                done += hal_link_write(buffer + done, got - done);
                if (done < got)
                    hal_sleep_until(UINT64_MAX);
            }
            bytes += got;
        }
    }
    say("echoed", bytes);
}

static void do_random(void)
{
    say("random", hal_random());
    say("random", hal_random());
    if (first_start())
        hal_reset();
}

static void do_sensors(void)
{
    uint32_t count;
    const struct hal_sensor *sensors = hal_sensors(&count);
    say("sensors", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct hal_sensor *sensor = &sensors[i];
        host_print(sensor->name);
        say("", sensor->rate_millihertz);
        uint64_t start = hal_now_us();
        sensor->start(sensor, start);
        say("at-start", sensor->produced(sensor, start));
        say("after-second", sensor->produced(sensor, start + 1000000u));
        say("after-weeks", sensor->produced(sensor, start + 3000000000000u));
        int32_t sum = 0;
        sensor->read(sensor, 5, sensor->ring_samples, sensor->ring);
        for (uint32_t k = 0; k < sensor->ring_samples * sensor->channels; k++)
            sum += sensor->ring[k];
        say("sum", (uint64_t)(sum + 1000000));
    }
}

static void do_reset(void)
{
    if (first_start())
        hal_reset();
}

static void do_watchdog(void)
{
    if (!first_start())
        return;
    /* Real time needs more, since a busy machine lets it wait. */
    uint32_t ms = hal_option("slow") != NULL ? 2000 : 6;
    hal_watchdog_start(ms);
    for (uint32_t i = 0; i < 6; i++) {
        hal_sleep_until(hal_now_us() + ms * 500u);
        hal_watchdog_feed();
    }
    say("fed", 1);
    for (;;)
        host_open("nothing", HOST_READ); /* which feeds nobody */
}

/* A place that the board doesn't have; volatile, so that a compiler doesn't know better. */
static volatile uintptr_t nowhere = FAULT_ADDRESS;

static void do_store(void)
{
    if (first_start())
        *(volatile uint32_t *)nowhere = 1;
}

static void do_flash_store(void)
{
    if (first_start())
        *(volatile uint32_t *)(uintptr_t)hal_flash()->base = 1;
}

static void do_illegal(void)
{
    if (first_start())
        __builtin_trap();
}

static void do_overflow(void)
{
    if (first_start())
        say("never", touch_stack(UINT32_MAX));
}

/* With a simulator: shows what it can, sends a frame, takes what comes in five seconds. */
static void do_simulator(void)
{
    if (hal_traces()) {
        hal_trace("a line", 6, NULL, 0);
        hal_trace("tap", 3, (const uint8_t *)"\1\2\3", 3);
    }
    uint64_t before = hal_now_us();
    hal_link_write((const uint8_t *)"out", 4);
    uint64_t woke = 0;
    uint32_t sum = 0, count = 0;
    while (hal_now_us() < before + 5000000u) {
        hal_sleep_until(before + 5000000u);
        if (woke == 0)
            woke = hal_now_us();
        for (uint8_t byte; hal_link_read(&byte, 1) == 1; count++)
            sum += byte;
    }
    say("count", count);
    say("sum", sum);
    say("woke", woke - before);
    say("slept", hal_now_us() - before);
    say("asleep", hal_asleep_us());
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"memory", do_memory},     {"stack", do_stack},       {"time", do_time},         {"flash", do_flash},
    {"nor", do_nor},           {"echo", do_echo},         {"random", do_random},     {"sensors", do_sensors},
    {"reset", do_reset},       {"watchdog", do_watchdog}, {"store", do_store},       {"flash-store", do_flash_store},
    {"illegal", do_illegal},   {"overflow", do_overflow}, {"simulator", do_simulator},
};

int main(void)
{
    hal_start();
    say_boot();
    const char *wanted = hal_option("do");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (wanted != NULL && strcmp(wanted, tests[i].name) == 0) {
            tests[i].run();
            host_print("end\n");
            host_exit(HOST_EXIT_DONE);
        }
    host_fail(HOST_EXIT_OPTIONS, "no such test", "do");
}
