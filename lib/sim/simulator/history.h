/* history.h: a simulator's history of the actions since its last reset, beside the tape of their physics steps.
 *
 * An unbounded tape holds the records of every action, and the history keeps only one mark per action. A bounded tape
 * that is full restarts with the action that did not fit; when the adjoint of an action that is no longer on the tape
 * is requested, the action is simulated again. So is an action differentiated by finite differences. Both need every
 * action and its start state: everything that its first physics step reads, including the solver's warm start. This
 * takes at most about 5 % of the memory of the records. */
#ifndef LIB_SIM_SIMULATOR_HISTORY_H
#define LIB_SIM_SIMULATOR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* marks of an action; at most one is set */
enum {
  HISTORY_APPROXIMATE = 1, /* its adjoint is approximate */
  HISTORY_DIFFERENCED = 2  /* at least one of its physics steps is differentiated by finite differences */
};

typedef struct df_history {
  int length;           /* capacity in actions */
  int count;            /* actions recorded since reset */
  unsigned char* marks; /* [length] */
  int first, end;       /* the tape holds the records of actions first .. end-1 */

  bool kept;         /* the arrays below are allocated and filled */
  size_t state_size; /* length of a saved state in doubles; set also if not `kept` */
  double* starts;    /* [length][state_size] state before each action */
  double* actions;   /* [length][nu] */
  double* front;     /* [state_size] last state of the trajectory while an adjoint uses the simulator */
  bool away;         /* an adjoint has moved the simulator, and `front` is valid */
} df_history;

/* Allocates the marks of an all-zero history for `length` actions. DF_E_NOMEM. */
df_status df_history_init(df_history* history, int length, size_t state_size);
/* Frees the memory of a history and clears it; an all-zero history is fine. */
void df_history_free(df_history* history);
/* Allocates start states and actions of `nu` numbers each; does nothing if they are allocated. DF_E_NOMEM. */
df_status df_history_keep(df_history* history, int nu);
/* Size in bytes of the marks and the arrays of df_history_keep(). */
size_t df_history_bytes(const df_history* history, int nu);

#endif
