/* show_arguments.h: the arguments of `dynaflow render` and `dynaflow show`, which the program dynaflow-render parses
 * again. */
#ifndef BENCH_SHOW_SHOW_ARGUMENTS_H
#define BENCH_SHOW_SHOW_ARGUMENTS_H

#include <stdbool.h>

#include "options.h"

/* X(constant, name): directions of view, relative to the heading of the robot */
#define VIEW_LIST(X)     \
  X(VIEW_SIDE, "side")   \
  X(VIEW_FRONT, "front") \
  X(VIEW_TOP, "top")     \
  X(VIEW_THREE_QUARTER, "three-quarter")
typedef enum view {
#define VIEW_ENUM(constant, name) constant,
  VIEW_LIST(VIEW_ENUM)
#undef VIEW_ENUM
      VIEWS
} view;

/* motions that are drawn beside the one that was asked for, or transparently in its pictures; flags */
enum { SHOW_DEMONSTRATION = 1, SHOW_REPLAYED = 2 };

enum { SHOW_EPISODES_MAX = 64 };

typedef struct show_arguments {
  options common;
  const char* source;                 /* RUN, FILE.npz or TASK */
  const char *task, *method;          /* NULL: not given */
  const char *out, *film, *keyframes; /* files to write; NULL: not given */
  const char* of_pictures;            /* an option that was given and that only pictures have; NULL: none */
  int n_episodes;
  int episodes[SHOW_EPISODES_MAX];
  bool has_beside;
  unsigned beside, ghost; /* flags; at most one in `ghost` */
  int n_views;
  view views[VIEWS];
  int width, height; /* of a picture, pixels */
  int pictures;      /* of the strip */
  int every;         /* states from one picture to the next; 0: not given */
  double from;       /* s; < 0: not given */
  double seconds;    /* 0: not given */
  double fps;        /* 0: not given */
  double speed;      /* of playing in a window, seconds of the motion per second */
} show_arguments;

/* of `dynaflow render`: one view from the side, pictures of 320 x 240, 8 in a strip */
show_arguments show_arguments_default(void);

/* of `dynaflow show`: a window of 960 x 720, at the motion's own speed */
show_arguments show_arguments_of_window(void);

/* The parsers of the commands, argps for show_arguments. Wrong usage ends the program with exit code 2. */
extern const struct argp render_argp, show_argp;

/* the name of a view */
const char* view_name(view v);

#endif
