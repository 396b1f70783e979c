#define _DEFAULT_SOURCE
#include "progress.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dynaflow/core/clock.h"
#include "escape.h"
#include "terminal.h"
#include "text.h"

bool progress_on_terminal(void) {
  return isatty(STDERR_FILENO) != 0;
}

void progress_start(progress* p, bool quiet, const char* label, const char* unit, double total) {
  const double now = df_clock_wall();
  *p = (progress){.label = label, .unit = unit, .total = total, .started = now, .drawn = now, .quiet = quiet};
  p->terminal = progress_on_terminal();
}

void progress_resume(progress* p, double begun) {
  p->begun = p->done = begun;
}

const char* duration_text(double seconds, char* out, size_t n) {
  if (!isfinite(seconds) || seconds < 0 || seconds > 3.6e6) {
    snprintf(out, n, "?");
    return out;
  }
  const long s = lround(seconds);
  if (s >= 3600) {
    snprintf(out, n, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  } else {
    snprintf(out, n, "%ld:%02ld", s / 60, s % 60);
  }
  return out;
}

static void rate_text(const progress* p, double rate, char* out, size_t n) {
  if (rate >= 1 || rate <= 0) {
    snprintf(out, n, "%.*f %s/s", rate < 10 ? 1 : 0, rate, p->unit);
  } else {
    snprintf(out, n, "%.1f s/%.*s", 1 / rate, (int)strlen(p->unit) - (p->unit[strlen(p->unit) - 1] == 's'), p->unit);
  }
}

/* the columns of the terminal of standard error; unlimited if it does not say */
static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : INT_MAX;
}

/* appends " [####....]" of at most `room` columns, or nothing if these are too few */
static void add_bar(text* line, double share, int room) {
  enum { MOST = 24, LEAST = 6, FRAME = 3 };
  const int width = room - FRAME < MOST ? room - FRAME : MOST, full = (int)(share * width);
  if (width < LEAST) return;
  text_add(line, " [");
  for (int i = 0; i < width; i++) text_add(line, i < full ? "#" : ".");
  text_add(line, "]");
}

/* draws the line over the last one; it is cut at the width of the terminal, since one that wraps would stay */
static void draw_on_terminal(const progress* p, double share, const char* speed, const char* left, const char* note) {
  text line = {0}, rest = {0}, shown = {0};
  const int width = terminal_width() - 1;
  text_add(&rest, " %3.0f%%  %s  %s left%s%s", 100 * share, speed, left, note ? "  " : "", note ? note : "");
  text_add(&line, "%s", p->label);
  add_bar(&line, share, width - text_width(p->label) - text_width(text_of(&rest)));
  text_add(&line, "%s", text_of(&rest));
  text_add_plain(&shown, text_of(&line));
  fprintf(stderr, "\r%.*s\033[K", (int)text_cut(text_of(&shown), width), text_of(&shown));
  text_clear(&line);
  text_clear(&rest);
  text_clear(&shown);
}

static void draw(const progress* p, double now, const char* note) {
  const double share = p->total > 0 ? fmin(p->done / p->total, 1) : 0;
  const double rate = now > p->started ? (p->done - p->begun) / (now - p->started) : 0;
  char speed[48], left[32];
  rate_text(p, rate, speed, sizeof speed);
  duration_text(rate > 0 ? (p->total - p->done) / rate : NAN, left, sizeof left);
  if (p->terminal) {
    draw_on_terminal(p, share, speed, left, note);
  } else {
    print_line(stderr, "%s: %3.0f%% (%.0f of %.0f %s), %s, %s left%s%s", p->label, 100 * share, p->done, p->total,
               p->unit, speed, left, note ? ", " : "", note ? note : "");
  }
  fflush(stderr);
}

void progress_update(progress* p, double done, const char* note) {
  p->done = done;
  if (p->quiet) return;
  const double now = df_clock_wall(), since = now - p->drawn;
  if (p->terminal) {
    if (since < 0.1 && done < p->total) return;
    p->line_open = true;
  } else {
    const double share = p->total > 0 ? done / p->total : 0;
    if (since < 10 || (share < p->noted + 0.1 && since < 60)) return;
    p->noted = share;
  }
  draw(p, now, note);
  p->drawn = now;
}

void progress_end(progress* p) {
  if (p->quiet) return;
  char taken[32];
  const double seconds = df_clock_wall() - p->started;
  if (p->line_open) fprintf(stderr, "\r\033[K");
  if (seconds < 1) return;
  char before[48] = "";
  if (p->begun > 0) snprintf(before, sizeof before, ", the last %.0f", p->done - p->begun);
  print_line(stderr, "%s: %.0f of %.0f %s%s in %s", p->label, p->done, p->total, p->unit, before,
             duration_text(seconds, taken, sizeof taken));
}
