/* A node that is a process: what it was started with. */
#ifndef MOTE_PROCESS_H
#define MOTE_PROCESS_H

/* Its words, ended by NULL. */
char **process_words(void);

#endif
