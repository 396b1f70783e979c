/* gradcheck_internal.h: what the files of the gradient check share. */
#ifndef DF_SIM_GRADCHECK_INTERNAL_H
#define DF_SIM_GRADCHECK_INTERNAL_H

#include "dynaflow/gradcheck/gradcheck.h"
#include "simulator.h"

/* ---- gradcheck_verdict.c: differences, how they compare, what they say together ---- */

enum { STEP_SIZES = 5, FIRST = 2 };
/* a ladder of difference steps, of which the two from FIRST on are always taken */
extern const double DF_EPS[STEP_SIZES];
/* two differences further apart than this straddle a kink */
#define KINK 1e-5
/* actions keep this distance from the bounds of their box, which no difference step reaches */
#define INSIDE 1e-4

/* the system under test: MuJoCo systems are copied with a tight solver tolerance, others are taken as they are */
typedef struct df_oracle {
  const df_system* system;
  df_system* own;
} df_oracle;
df_status df_oracle_open(const df_system* system, df_oracle* out);
void df_oracle_close(df_oracle* oracle);

/* moves n actions, of which every nu belong together, inside the box */
void df_nudge_inside(const df_system* s, double inside, int n, double* u);

double df_norm(const double* a, int n);
double df_relative(const double* a, const double* b, int n); /* |a - b| / |b| */

/* fills error, step_gap, eps and kink from an adjoint and its differences; `pair` is the larger of two steps */
void df_compare(int n, const double* adjoint, double* const difference[STEP_SIZES], int pair, df_gradcheck_point* out);
void df_mark_diverged(df_gradcheck_point* out);

/* ---- gradcheck_active.c: what is active in a step, to name the kinks between two of them ---- */

typedef enum df_entry_kind { ENTRY_CONTACT, ENTRY_DRY, ENTRY_LIMIT, ENTRY_CLAMP, ENTRY_EQUALITY } df_entry_kind;

/* something that is active, and how */
typedef struct df_active_entry {
  df_entry_kind kind;
  int64_t who;    /* the pair of geoms, the dof, the joint, the actuator */
  unsigned state; /* of a contact the edges of its cone that act, of the rest the side */
  bool sticks;    /* of contacts and dry friction */
  int piece;      /* of the impedance curve */
  int feature;    /* which end, edge or face of the two shapes touches */
} df_active_entry;

typedef struct df_active_set {
  int n, capacity;
  df_active_entry* entries; /* in the order of kind, who, state */
  df_active counts;
} df_active_set;

/* Sets of the physics steps of one action from x under u. DF_E_NOMEM, or DF_OK with *end. */
typedef struct df_active_probe {
  df_mujoco single; /* the system with one substep an action: shares everything with the system it is made of */
  df_sim* sim;
  int substeps;
  double* x;
} df_active_probe;
df_status df_active_probe_init(df_active_probe* probe, const df_system* system);
void df_active_probe_free(df_active_probe* probe);
df_status df_active_probe_step(df_active_probe* probe, const double* x, const double* u, df_active_set* set,
                               df_traj_end* end);
void df_active_set_free(df_active_set* set);

/* What differs between the two, the first of df_kink that does; NONE if nothing. */
df_kink df_active_difference(const df_active_set* a, const df_active_set* b);

#endif
