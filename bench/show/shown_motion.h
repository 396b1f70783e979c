/* shown_motion.h: the motions that `dynaflow render` shows, and how they are added, whatever their source. */
#ifndef BENCH_SHOW_SHOWN_MOTION_H
#define BENCH_SHOW_SHOWN_MOTION_H

#include <stdint.h>

#include "cell.h"
#include "dynaflow/data/task.h"
#include "show_arguments.h"

/* One motion, from --from on and of at most --seconds. Everything is owned. */
typedef struct shown_motion {
  char* title;     /* "demonstration 3", "dynaflow, seed 1", "replayed" */
  char* condition; /* "trot, vx 0.50 m/s"; "" without conditions */
  double start;    /* time of the first state since the motion began, s */
  int n;           /* states, >= 1: up to the first one that is not finite */
  double* x;       /* [n][nx] */
  uint8_t* touch;  /* [n][n_feet] as df_metric_contacts() has it; NULL without feet */
  int n_ghost;     /* states of the motion that is drawn transparently with it, from the same time on; 0: none */
  double* ghost;   /* [n_ghost][nx] */
} shown_motion;

typedef struct shown {
  df_config config;
  df_search search;
  cell source;  /* of a run; zeroed without one */
  df_task* own; /* NULL: the task is that of the cell */
  const df_task* task;
  char* model_path;
  char* name;       /* for files: of the task, the file or the run, task and method; of harmless characters */
  int root;         /* body that the camera follows: the root of the robot's kinematic tree */
  int strip_states; /* a strip without --seconds shows so many states of a motion; 0: all */
  int n_feet;
  int feet[DF_NAMES_MAX]; /* geoms of eval.feet */
  int n;
  shown_motion* list;
} shown;

/* The index of the state at `seconds` after another, at least 0. */
int shown_states(const shown* s, double seconds);

/* A motion as its source has it, from its beginning; nothing is owned. */
typedef struct motion_source {
  const char* title;
  const double* condition; /* [nc] or NULL */
  int n;                   /* states */
  const double* x;         /* [n][nx] */
  const double* u;         /* [n-1][nu]; NULL: unknown */
  df_window demonstration; /* episode and frame in which it begins; episode < 0: none */
  bool demonstrated;       /* it is that demonstration itself */
} motion_source;

/* Adds a motion, and those of --beside and --ghost. Errors as shown_new(). */
DF_MUST_CHECK df_status shown_add(shown* s, const show_arguments* a, const motion_source* from);

/* The things of a source, such as the episodes of a task. */
typedef struct shown_choice {
  const char* what; /* their plural, for messages */
  int n;
  const void* context;                                      /* passed to the functions */
  int (*group)(const shown* s, const void* context, int i); /* such as the gait; NULL: all are one group */
  df_status (*add)(shown* s, const show_arguments* a, const void* context, int i);
} shown_choice;

/* Adds those of --episode, else the first of each group. DF_E_CONFIG for one that does not exist; errors of add(). */
DF_MUST_CHECK df_status shown_choose(shown* s, const show_arguments* a, const shown_choice* from);

/* Fills what follows from the task: feet, body, model path. Call before shown_add(). */
DF_MUST_CHECK df_status shown_prepare(shown* s);

#endif
