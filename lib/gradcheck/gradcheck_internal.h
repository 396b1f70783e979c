/* gradcheck_internal.h: shared by the files of the gradient check. */
#ifndef LIB_GRADCHECK_GRADCHECK_INTERNAL_H
#define LIB_GRADCHECK_GRADCHECK_INTERNAL_H

#include "dynaflow/gradcheck/gradcheck.h"
#include "simulator.h"

/* ---- the steps of the finite differences ---- */

enum { STEP_SIZES = 5, FIRST = 2 };
/* Difference steps in descending order; steps FIRST and FIRST + 1 are always evaluated, the others only in doubt. */
static const double DF_EPS[STEP_SIZES] = {2.5e-5, 5e-6, 1e-6, 2e-7, 4e-8};
/* Two finite differences whose relative distance exceeds this straddle a kink. */
#define KINK 1e-5
/* Actions are kept at this distance from the bounds of the action box; larger than all difference steps. */
#define INSIDE 1e-4

/* whether the steps of a system are MuJoCo's, with its constraints and its own derivative, and no closed form */
static inline bool df_steps_by_mujoco(const df_system* s) {
  return df_system_is_mujoco(s) && df_mujoco_dynamics(s) == DF_DYNAMICS_MUJOCO;
}

/* ---- gradcheck_verdict.c: comparison of adjoint and finite differences, summary, verdict ---- */

/* The system under test: a copy with a tight solver tolerance of a MuJoCo system, any other system itself. */
typedef struct df_oracle {
  const df_system* system; /* to be used */
  df_system* own;          /* the copy, or NULL */
} df_oracle;
/* DF_E_NOMEM, or the errors of making a MuJoCo system. */
df_status df_oracle_open(const df_system* system, df_oracle* out);
void df_oracle_close(df_oracle* oracle);

/* Moves u [n], a sequence of actions of nu numbers each (n a multiple of nu), to the distance `inside` from the bounds
 * of the action box, or to a quarter of the box's width where that is less. */
void df_nudge_inside(const df_system* s, double inside, int n, double* u);
/* The same for the activations of state x [nx] of a MuJoCo system and their ranges; does nothing for other systems. */
void df_nudge_activations(const df_system* s, double inside, double* x);

double df_norm(const double* a, int n);
double df_relative(const double* a, const double* b, int n); /* |a - b| / |b| */

/* Sets error, step_gap, eps and kink of *out from adjoint [n] and the finite differences [n] at the steps `pair` and
 * pair + 1 of DF_EPS. */
void df_compare(int n, const double* adjoint, double* const difference[STEP_SIZES], int pair, df_gradcheck_point* out);
/* Marks a point that cannot be compared since a step ended as `end`: error and step_gap are NaN, the cause is DIVERGED
 * or FAILED, with the last error message. */
void df_mark_ended(df_traj_end end, df_gradcheck_point* out);

/* ---- gradcheck_active.c: the active set of a step, to name the kink between two steps ---- */

typedef enum df_entry_kind { ENTRY_CONTACT, ENTRY_DRY, ENTRY_LIMIT, ENTRY_CLAMP, ENTRY_EQUALITY } df_entry_kind;

/* One active contact, constraint row or clamp, and its regime. */
typedef struct df_active_entry {
  df_entry_kind kind;
  int64_t who;    /* identifies the pair of geoms, dof, joint, tendon, constraint row or actuator, and the substep */
  unsigned state; /* contacts: bit set of the active edges of the cone; rows: MuJoCo's constraint state; clamps: side */
  bool sticks;    /* contacts and dry friction only */
  int piece;      /* piece of the impedance curve: 0, 1, 2 */
  int feature;    /* contacts only: code of the end, edge or face of both shapes that touch */
} df_active_entry;

typedef struct df_active_set {
  int n, capacity;
  df_active_entry* entries; /* [n], sorted by kind, then who */
  df_active counts;
} df_active_set;

/* A simulator that reads the active set after every physics step of an action. Must not outlive its system. */
typedef struct df_active_probe {
  df_mujoco single; /* shallow copy of the system, with one substep per action */
  df_sim* sim;
  int substeps; /* of the system */
  double* x;    /* [nx] scratch */
} df_active_probe;
/* For a MuJoCo system. DF_E_NOMEM; free with df_active_probe_free() also on failure. */
df_status df_active_probe_init(df_active_probe* probe, const df_system* system);
/* Frees a probe and clears it; an all-zero probe is fine. */
void df_active_probe_free(df_active_probe* probe);
/* Fills *set (all-zero or filled before) with the union of the active sets of all physics steps of action u [nu] from
 * state x [nx]. DF_E_NOMEM, or DF_OK with *end; the set is incomplete unless *end is DF_TRAJ_COMPLETE. */
df_status df_active_probe_step(df_active_probe* probe, const double* x, const double* u, df_active_set* set,
                               df_traj_end* end);
void df_active_set_free(df_active_set* set);

/* The kind of difference between two sets, the first in the order of df_kink; NONE if they are equal. */
df_kink df_active_difference(const df_active_set* a, const df_active_set* b);

#endif
