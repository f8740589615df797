/*
 * Sensor `analog`: the voltage at pin P0.02 (AIN0), 0 to 3.6 V as 0 to 4095, a thousand times a second. A timer starts
 * each conversion and its end starts the next block, both through the interconnect (PPI), so that the processor wakes
 * once a block and no sample depends on it. SAADC: PS 6.23; PPI: PS 6.16.
 */
#include "saadc.h"

#include "arch/cortex-m/scb.h"
#include "platform/hardware/analog.h"

#define SAADC(offset) REGISTER(0x40007000 + (offset))
#define SAADC_START SAADC(0x000)
#define SAADC_STARTED SAADC(0x100)
#define SAADC_END SAADC(0x104)
#define SAADC_INTENSET SAADC(0x304)
#define SAADC_ENABLE SAADC(0x500)
#define SAADC_CH0_PSELP SAADC(0x510)
#define SAADC_CH0_PSELN SAADC(0x514)
#define SAADC_CH0_CONFIG SAADC(0x518)
#define SAADC_RESOLUTION SAADC(0x5F0)
#define SAADC_RESULT_PTR SAADC(0x62C)
#define SAADC_RESULT_MAXCNT SAADC(0x630)
enum { AIN0 = 1, GAIN_1_6 = 0 << 8, REFERENCE_0_6_V = 0 << 12, ACQUIRE_10_US = 2 << 16, BITS_12 = 2 };
enum { STARTED_IRQ = 1, END_IRQ = 2 };

/* TIMER1, as TIMER0 in board.c. */
#define TIMER(offset) REGISTER(0x40009000 + (offset))
#define TIMER_START TIMER(0x000)
#define TIMER_SHORTS TIMER(0x200)
#define TIMER_BITMODE TIMER(0x508)
#define TIMER_PRESCALER TIMER(0x510)
#define TIMER_CC0 TIMER(0x540)
enum { COMPARE0_CLEARS = 1, TIMER_32_BITS = 3, TIMER_1_MHZ = 4 };

/* TIMER2 counts the blocks that ended, also while the processor stands still for the flash. */
#define BLOCKS_MODE REGISTER(0x4000A504)
#define BLOCKS_BITMODE REGISTER(0x4000A508)
#define BLOCKS_START REGISTER(0x4000A000)
#define BLOCKS_CAPTURE REGISTER(0x4000A040)
#define BLOCKS_ENDED REGISTER(0x4000A540)
#define BLOCKS_COUNT_TASK 0x4000A008u
enum { MODE_COUNTER = 1 };

#define PPI_CHENSET REGISTER(0x4001F504)
#define PPI_EVENT(channel) REGISTER(0x4001F510 + 8 * (channel))
#define PPI_TASK(channel) REGISTER(0x4001F514 + 8 * (channel))
#define TIMER1_COMPARE0_EVENT 0x40009140u
#define SAADC_SAMPLE_TASK 0x40007004u
#define SAADC_END_EVENT 0x40007104u
#define SAADC_START_TASK 0x40007000u

#define BLOCK 16u

/*
 * One block is being filled while the other waits for its turn; the converter takes the next address when it starts a
 * block.
 */
static int16_t blocks[2][BLOCK];
static volatile uint32_t next;
static uint32_t ended;

static void offer_block(void)
{
    SAADC_RESULT_PTR = (uint32_t)(uintptr_t)blocks[next];
    next ^= 1;
}

void analog_on(void)
{
    SAADC_RESOLUTION = BITS_12;
    SAADC_CH0_CONFIG = GAIN_1_6 | REFERENCE_0_6_V | ACQUIRE_10_US;
    SAADC_CH0_PSELP = AIN0;
    SAADC_CH0_PSELN = 0;
    SAADC_RESULT_MAXCNT = BLOCK;
    SAADC_ENABLE = 1;
    offer_block();
    SAADC_STARTED = 0;
    SAADC_END = 0;
    SAADC_INTENSET = STARTED_IRQ | END_IRQ;
    nvic_enable(SAADC_NUMBER, 0x40);
    SAADC_START = 1;
    PPI_EVENT(0) = TIMER1_COMPARE0_EVENT;
    PPI_TASK(0) = SAADC_SAMPLE_TASK;
    PPI_EVENT(1) = SAADC_END_EVENT;
    PPI_TASK(1) = SAADC_START_TASK;
    PPI_EVENT(2) = SAADC_END_EVENT;
    PPI_TASK(2) = BLOCKS_COUNT_TASK;
    PPI_CHENSET = 7;
    BLOCKS_MODE = MODE_COUNTER;
    BLOCKS_BITMODE = TIMER_32_BITS;
    BLOCKS_START = 1;
    TIMER_BITMODE = TIMER_32_BITS;
    TIMER_PRESCALER = TIMER_1_MHZ;
    TIMER_CC0 = ANALOG_PERIOD_US;
    TIMER_SHORTS = COMPARE0_CLEARS;
    TIMER_START = 1;
}

/*
 * The block that ended is the one that isn't being filled, which is the one that is offered next. Of several that
 * ended, the first is there still; the others were written over each other.
 */
static void take_blocks(void)
{
    BLOCKS_CAPTURE = 1;
    uint32_t more = BLOCKS_ENDED - ended;
    if (more == 0)
        return;
    ended += more;
    samples_put(&analog, blocks[next], BLOCK);
    samples_lost(&analog, (more - 1) * BLOCK);
}

void saadc_interrupt(void)
{
    if (SAADC_END != 0) {
        SAADC_END = 0;
        take_blocks();
    }
    if (SAADC_STARTED != 0) {
        SAADC_STARTED = 0;
        offer_block();
    }
}
