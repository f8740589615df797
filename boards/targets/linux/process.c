/*
 * A node as a process. It runs in a thread with a stack of known size and a guard page. For a restart the program
 * executes itself again and passes on the memory that a reset retains. Signals of faults and of the watchdog are
 * recorded as a chip's fault handler does.
 */
#include "process.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/emulated/host.h"
#include "platform/hal.h"

/* The main of the firmware has another name here (board.json). */
#undef main
int node_main(void);

#define PAGE 4096u
#define HEAP_BYTES (1024u * 1024u)
#if defined(__SANITIZE_ADDRESS__)
#define STACK_BYTES (1024u * 1024u)
#else
#define STACK_BYTES (256u * 1024u)
#endif
/* Value of an unused word of the stack. */
#define PAINT 0x5AFEC0DEu
#define RETAINED "MOTE_KEPT="

extern char **environ;
/* The start of the program in memory, from the linker. */
extern const char __executable_start[];

static char **words;
static uint8_t *stack;
static _Alignas(16) uint8_t heap[HEAP_BYTES];
static uint32_t taken;
static char retained_text[sizeof RETAINED + 2 * sizeof retained];
/* The environment of the next run: this one, without what the previous run passed on. */
static char *next_environment[512];

char **process_words(void)
{
    return words + 1;
}

static void prepare_environment(void)
{
    size_t count = 0;
    for (char **at = environ; *at != NULL; at++) {
        if (strncmp(*at, RETAINED, sizeof RETAINED - 1) != 0) {
            if (count == sizeof next_environment / sizeof *next_environment - 2)
                host_fail(HOST_EXIT_OPTIONS, "too many variables", "environment");
            next_environment[count++] = *at;
            continue;
        }
        const char *text = *at + sizeof RETAINED - 1;
        uint8_t *bytes = (uint8_t *)&retained;
        for (size_t i = 0; i < sizeof retained && strlen(text) == 2 * sizeof retained; i++) {
            char pair[3] = {text[2 * i], text[2 * i + 1], 0};
            bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
        }
    }
    next_environment[count] = retained_text;
}

/* Everything in here may run in a signal handler. */
static _Noreturn void restart(void)
{
    static const char digits[] = "0123456789abcdef";
    memcpy(retained_text, RETAINED, sizeof RETAINED - 1);
    char *to = retained_text + sizeof RETAINED - 1;
    const uint8_t *bytes = (const uint8_t *)&retained;
    for (size_t i = 0; i < sizeof retained; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    execve("/proc/self/exe", words, next_environment);
    _exit(HOST_EXIT_BROKEN);
}

_Noreturn void hal_reset(void)
{
    retained_note(HAL_BOOT_SOFTWARE, NULL);
    restart();
}

static uint32_t counter_of(const ucontext_t *context)
{
    uintptr_t pc = 0;
#if defined(__x86_64__)
    pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    pc = (uintptr_t)context->uc_mcontext.pc;
#endif
    return pc == 0 ? 0 : (uint32_t)(pc - (uintptr_t)__executable_start);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    struct hal_fault fault = {.kind = (uint32_t)number, .pc = counter_of(context), .status = (uint32_t)info->si_code};
    if (number != SIGALRM)
        fault.address = (uint32_t)(uintptr_t)info->si_addr;
    retained_note(number == SIGALRM ? HAL_BOOT_WATCHDOG : HAL_BOOT_FAULT, &fault);
    restart();
}

static void catch_signals(void)
{
    static uint8_t handler_stack[65536];
    stack_t other = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    sigaltstack(&other, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
#if !defined(__SANITIZE_ADDRESS__) /* AddressSanitizer has a better report */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigaction(faults[i], &action, NULL);
#endif
}

static void *live(void *unused)
{
    (void)unused;
    catch_signals();
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    node_main();
    hal_reset();
}

int main(int count, char **values)
{
    (void)count;
    words = values;
    prepare_environment();
    retained_start();
    signal(SIGPIPE, SIG_IGN);
    /* The signal of the watchdog goes to the thread of the node. */
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, NULL);
    stack = mmap(NULL, PAGE + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, PAGE, PROT_NONE) != 0)
        host_fail(HOST_EXIT_BROKEN, "no memory", "stack");
    stack += PAGE;
    for (size_t i = 0; i < STACK_BYTES / sizeof(uint32_t); i++)
        ((uint32_t *)(void *)stack)[i] = PAINT;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK_BYTES);
    if (pthread_create(&thread, &attributes, live, NULL) != 0)
        host_fail(HOST_EXIT_BROKEN, "no thread", "stack");
    pthread_join(thread, NULL);
    return HOST_EXIT_BROKEN;
}

uint32_t hal_stack_used(uint32_t *size)
{
    const uint32_t *at = (const uint32_t *)(const void *)stack;
    const uint32_t *top = at + STACK_BYTES / sizeof *at;
    while (at < top && *at == PAINT)
        at++;
    *size = STACK_BYTES;
    return (uint32_t)((const uint8_t *)top - (const uint8_t *)at);
}

uintptr_t hal_stack_floor(void)
{
    return (uintptr_t)stack;
}

uint8_t *hal_module_heap(uint32_t *size)
{
    *size = HEAP_BYTES - taken;
    return heap;
}

void *chip_take(uint32_t bytes)
{
    uint32_t whole = (bytes + 15) & ~(uint32_t)15;
    if (whole < bytes || whole > HEAP_BYTES - taken)
        return NULL;
    taken += whole;
    return heap + HEAP_BYTES - taken;
}

static struct itimerval timer_of(uint64_t us)
{
    return (struct itimerval){.it_value = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)}};
}

static uint64_t watchdog_us;
static struct itimerval held;

void hal_watchdog_start(uint32_t timeout_ms)
{
    watchdog_us = timeout_ms == 0 ? 1000 : (uint64_t)timeout_ms * 1000;
    hal_watchdog_feed();
}

void hal_watchdog_feed(void)
{
    struct itimerval timer = timer_of(watchdog_us);
    if (watchdog_us != 0)
        setitimer(ITIMER_REAL, &timer, NULL);
}

void chip_watchdog_hold(bool hold)
{
    struct itimerval never = {0};
    if (watchdog_us == 0)
        return;
    setitimer(ITIMER_REAL, hold ? &never : &held, hold ? &held : NULL);
    /* Less than a microsecond is left as zero, which would stop the timer for good. */
    if (hold && held.it_value.tv_sec == 0 && held.it_value.tv_usec == 0)
        held.it_value.tv_usec = 1;
}
