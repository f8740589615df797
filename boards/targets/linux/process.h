/* A node that is a process: its command line. */
#ifndef MOTE_PROCESS_H
#define MOTE_PROCESS_H

/* The words, terminated by NULL. */
char **process_words(void);

#endif
