/* table_rate.h: the frame rate that a comment of a table of text states. Private. */
#ifndef LIB_IO_TABLE_RATE_H
#define LIB_IO_TABLE_RATE_H

typedef struct table_rate {
  const char* name; /* "fps" or "dt", static; NULL: none */
  double value;     /* Hz, or s */
} table_rate;

/* Reads a comment, from `begin` to `end`, unless *out has a rate already: "frame rate: 50 fps", "fps = 50", "50 Hz",
 * "dt (s): 0.02", "frame time 20 ms". Rates are 1 to 10000 Hz, durations 0.1 ms to 1 s; other numbers are none. */
void table_rate_read(const char* begin, const char* end, table_rate* out);

#endif
