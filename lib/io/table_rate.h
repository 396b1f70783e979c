/* table_rate.h: the frame rate that a comment of a table of text states. Private. */
#ifndef LIB_IO_TABLE_RATE_H
#define LIB_IO_TABLE_RATE_H

#include <stdbool.h>
#include <stddef.h>

/* another rate that comments state */
typedef struct table_rate_value {
  const char* name; /* "fps" or "dt", static */
  double value;
  size_t line;
} table_rate_value;

typedef struct table_rate {
  const char* name;  /* "fps" or "dt", static; NULL: none */
  double value;      /* Hz, or s */
  size_t line;       /* of the comment */
  bool contradicted; /* comments state another one, too: none can be believed */
  table_rate_value other;
} table_rate;

/* Reads a comment, from `begin` to `end`, in a line of this number, and keeps the first rate that it or one before it
 * states. Statements are a name, perhaps a unit in brackets, a number and perhaps its unit: "frame rate: 50 fps", "fps
 * = 50", "sample rate (kHz): 1", "dt (ms) = 20", "timestep 20 ms"; or "recorded at 50 Hz" (logged, sampled, captured);
 * or "50 fps" by itself, and "50 Hz" if the comment is nothing else. Other rates ("baud rate: 9600", "frequency 3 Hz",
 * "controller at 500 Hz", "control dt: 0.001"), ranges ("2 to 8 Hz") and unknown units are none. Without a unit, rates
 * are in Hz and durations in s. Rates are 1 to 10000 Hz, durations 0.1 ms to 1 s; other numbers are none. */
void table_rate_read(const char* begin, const char* end, size_t line, table_rate* out);

#endif
