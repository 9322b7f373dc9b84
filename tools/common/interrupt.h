/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: the first asks for an orderly end, the second kills. */
#ifndef WC_TOOLS_INTERRUPT_H
#define WC_TOOLS_INTERRUPT_H

/*
 * Catch both signals, without restarting system calls, and ignore SIGPIPE and SIGXFSZ, which then
 * are errors of the write that caused them.
 */
void interrupt_catch(void);

/* The signal that came, 0 when none did. */
int interrupt_signal(void);

#endif
