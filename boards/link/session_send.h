/* The sending half of a session: hellos, acknowledgements, and the window of queued messages. */
#ifndef MOTE_SESSION_SEND_H
#define MOTE_SESSION_SEND_H

#include "session.h"

static inline uint64_t session_now(const struct session *session)
{
    return session->io.now_us(session->io.context);
}

/* Sets the repeating timer of a session: the hello while it is not up, else the window. */
void session_schedule(struct session *session);

/* Each of these sends at once, or remembers that it is due if the stream does not take it. */
void session_say_hello(struct session *session);
void session_say_nak(struct session *session);
void session_say_ack(struct session *session);

/* Continue to send when the stream accepts more; return whether anything waits for that. */
void session_output(struct session *session);
bool session_blocked(const struct session *session);

/* Ends the present frame with a zero, because its message was removed. The peer drops the frame. */
void session_abandon(struct session *session);

/* --- For the owner of the outbox: it moves messages into the queue while these allow it, then calls session_pump. --- */

/* Returns whether the peer accepts a message of this length. */
bool session_takes(const struct session *session, uint32_t length);

/* Returns whether the queue has room for a message of this cost. If not, the callback `drain` reports when it has. */
bool session_room(struct session *session, uint32_t cost);

/* Sends queued messages up to the window. */
void session_pump(struct session *session);

#endif
