/* streams.h: the standard streams of the program: they are open from its start, and a failed write is not ignored. */
#ifndef BENCH_BASE_STREAMS_H
#define BENCH_BASE_STREAMS_H

/* Call once, first in main(). A standard stream that is closed is opened in a way that makes its use an error, so that
 * no file of the program gets its number. When the program ends by exit() or by returning from main(), standard output
 * is closed; if anything written to it was lost, the program reports that and ends with EXIT_USAGE, whatever its exit
 * code would have been. */
void streams_watch(void);

#endif
