/*
 * Clock and link of a node that is a process: CLOCK_MONOTONIC, and a TCP connection (option link=ADDRESS:PORT) that is
 * established again when it ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "platform/bare/chip.h"
#include "platform/emulated/host.h"
#include "platform/emulated/options.h"
#include "platform/hal.h"

#define RETRY_US 500000u

static uint64_t start_us, asleep_us;
static struct sockaddr_in peer;
static int link_socket = -1;
static bool connected, wants_room;
static uint64_t next_try_us;

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

void chip_start(void)
{
    start_us = clock_us();
}

uint64_t chip_now_us(void)
{
    return clock_us() - start_us;
}

uint64_t chip_asleep_us(void)
{
    return asleep_us;
}

static void link_address(void)
{
    const char *text = hal_option("link");
    if (text == NULL || peer.sin_port != 0)
        return;
    char address[INET_ADDRSTRLEN] = "";
    const char *colon = strrchr(text, ':');
    uint32_t port = 0;
    if (colon != NULL && (size_t)(colon - text) < sizeof address) {
        memcpy(address, text, (size_t)(colon - text));
        colon++;
        if (!options_digits(&colon, 65535, &port) || *colon != 0)
            port = 0;
    }
    if (port == 0 || inet_pton(AF_INET, address, &peer.sin_addr) != 1)
        host_fail(HOST_EXIT_OPTIONS, "not ADDRESS:PORT", "link");
    peer.sin_family = AF_INET;
    peer.sin_port = htons((uint16_t)port);
}

static void hang_up(void)
{
    close(link_socket);
    link_socket = -1;
    connected = false;
    next_try_us = chip_now_us() + RETRY_US;
}

/* Returns whether the link is connected. Connects when it is time to try. */
static bool link_up(void)
{
    link_address();
    if (connected)
        return true;
    if (peer.sin_port == 0 || (link_socket < 0 && chip_now_us() < next_try_us))
        return false;
    if (link_socket < 0) {
        link_socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(link_socket, (const struct sockaddr *)&peer, sizeof peer) != 0 && errno != EINPROGRESS) {
            hang_up();
            return false;
        }
    }
    struct pollfd made = {.fd = link_socket, .events = POLLOUT};
    if (poll(&made, 1, 0) != 1)
        return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(link_socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        hang_up();
        return false;
    }
    connected = true;
    return true;
}

size_t chip_link_read(uint8_t *bytes, size_t count)
{
    if (count == 0 || !link_up())
        return 0;
    ssize_t done = recv(link_socket, bytes, count, 0);
    if (done == 0 || (done < 0 && errno != EAGAIN && errno != EINTR))
        hang_up();
    return done > 0 ? (size_t)done : 0;
}

size_t chip_link_write(const uint8_t *bytes, size_t count)
{
    wants_room = false;
    /* A UART without a wire accepts bytes, too. */
    if (count == 0 || !link_up())
        return count;
    ssize_t done = send(link_socket, bytes, count, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up();
        return count;
    }
    wants_room = (size_t)(done > 0 ? done : 0) < count;
    return done > 0 ? (size_t)done : 0;
}

static void wait_once(uint64_t now, uint64_t until_us)
{
    bool up = link_up();
    if (!up && peer.sin_port != 0 && link_socket < 0 && next_try_us < until_us)
        until_us = next_try_us;
    struct pollfd events = {.fd = link_socket, .events = (short)(up ? POLLIN | (wants_room ? POLLOUT : 0) : POLLOUT)};
    uint64_t us = until_us > now ? until_us - now : 0;
    /* Sleep at most a day, then check again. */
    if (us > 86400000000u)
        us = 86400000000u;
    struct timespec wait = {.tv_sec = (time_t)(us / 1000000u), .tv_nsec = (long)(us % 1000000u) * 1000};
    ppoll(&events, link_socket >= 0 ? 1 : 0, &wait, NULL);
    asleep_us += chip_now_us() - now;
}

/*
 * Wakes for received bytes, for room after a write that was cut short, or at the end of the connection, which a read
 * detects.
 */
static bool link_wakes(void)
{
    if (!connected)
        return false;
    struct pollfd events = {.fd = link_socket, .events = (short)(POLLIN | (wants_room ? POLLOUT : 0))};
    if (poll(&events, 1, 0) != 1)
        return false;
    uint8_t byte;
    if (recv(link_socket, &byte, 1, MSG_PEEK) == 0) {
        hang_up();
        return false;
    }
    return true;
}

void chip_sleep_until(uint64_t until_us)
{
    for (;;) {
        uint64_t now = chip_now_us();
        if (now >= until_us || link_wakes())
            return;
        wait_once(now, until_us);
    }
}
