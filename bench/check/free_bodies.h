/* free_bodies.h: whether the coordinates of the base in a recording are those of another free body, an object, and the
 * object's those of the base. */
#ifndef BENCH_CHECK_FREE_BODIES_H
#define BENCH_CHECK_FREE_BODIES_H

#include "misfit.h"

/* Two free bodies whose coordinates are exchanged. */
typedef struct free_exchange {
  bool found;
  int base, other;        /* joints: the robot's base (robot_base.h; -1: none), and what it is exchanged with */
  double as_read, misfit; /* misfit_of_contact() without and with it */
} free_exchange;

/* Exchanges the base with each other free body and compares; a robot without a base is exchanged with nothing.
 * `objects`: chart.objects; NULL: none. `data` is changed meanwhile, and as before at the end. Errors: those of
 * misfit_of(). */
DF_MUST_CHECK df_status free_bodies_find(df_dataset* data, const df_system* system, const df_names* objects,
                                         const double* h, const check_cfg* cfg, free_exchange* out);

/* Exchanges the coordinates of the two joints in all states. */
void free_bodies_exchange(const df_system* system, const free_exchange* e, df_dataset* data);

#endif
