/* history.h: what a simulator keeps of the actions since its reset, beside the tape of their physics steps.
 *
 * Without a bound on its memory the tape holds every action, and a mark each is all that is kept. A bounded tape that
 * is full starts again with the action that did not fit; an action that is no longer on it is run once more when its
 * adjoint is asked for, as is one that is differenced. For both, every action is kept, and the state it started from:
 * all that its first step reads, the solver's warm start included. That is some 5 % of its records and less. */
#ifndef DF_SIM_HISTORY_H
#define DF_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

enum {
  PAST_APPROXIMATE = 1, /* an action's adjoint is approximate */
  PAST_DIFFERENCED = 2  /* it is differentiated by differences */
};

typedef struct df_past {
  int length;           /* actions there is room for */
  int count;            /* actions recorded since reset */
  unsigned char* marks; /* [length] */
  int first, end;       /* the actions on the tape are first .. end-1 */

  bool kept;         /* whether the following is */
  size_t state_size; /* doubles */
  double* starts;    /* [length][state_size] */
  double* actions;   /* [length][nu] */
  double* front;     /* [state_size] where the trajectory stands while an adjoint uses the simulator, ... */
  bool away;         /* ... which is now */
} df_past;

/* Marks only. */
df_status df_past_init(df_past* past, int length, size_t state_size);
void df_past_free(df_past* past);
/* Makes room for starts and actions of `nu` numbers each, once. */
df_status df_past_keep(df_past* past, int nu);
/* bytes that df_past_keep takes, with the marks */
size_t df_past_bytes(const df_past* past, int nu);

/* ---- of a simulator; all may call MuJoCo outside a guard, none makes it raise an error ---- */

struct df_sim;

void df_past_rewind(struct df_sim* sim);

/* Puts a simulator that an adjoint has moved back to the front of its trajectory. */
void df_past_return(struct df_sim* sim);
/* Notes the front before an adjoint moves the simulator. */
void df_past_leave(struct df_sim* sim);

#endif
