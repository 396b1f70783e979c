/* adjoint.h: what the gradient of a MuJoCo system is worth: of which features the derivative is exact, of which it is
 * approximate or a finite difference, and which steps these touched.
 *
 * A model is looked through once, when its system is made. A feature without an exact adjoint refuses the model unless
 * an option of df_mujoco_cfg admits it:
 *
 *   approximate_contacts  geom pairs whose contacts MuJoCo finds by iteration;
 *   finite_differences    everything else, and geom pairs if approximate_contacts is not set, as long as
 *                         [qpos, qvel, act] and the solver's warm start are all that a step remembers.
 *
 * A differenced physics step is run 2 (ndx + nu) times more, with one coordinate of the state or action moved to either
 * side by 1e-6 (SI units; a rotation by that angle), from the same warm start, at a solver tolerance of 1e-22. Where a
 * contact pushes whose points MuJoCo finds by iteration (two ellipsoids, flexes, height fields) it is 3e-5, since they
 * carry errors of up to 1e-7. No action is moved out of its range, nor an activation out of its own: at a bound the
 * difference is one-sided. Beyond its range a control has no effect, and derivative 0. Where the slopes on both sides
 * differ by more than a tenth the state is beside a kink or a jump, and the smaller one counts: like the exact adjoint
 * it is blind to a jump. Where the step is smooth the error is some 1e-9 to 1e-6, relative, with such contacts 1e-3.
 *
 * Contacts make a step differenced only if one without an exact derivative pushes in it; everything else makes every
 * step of the model a differenced one. */
#ifndef DYNAFLOW_SIM_ADJOINT_H
#define DYNAFLOW_SIM_ADJOINT_H

#include "dynaflow/sim/mujoco.h"

/* ---- what of a model the adjoint covers ---- */

/* how a feature is differentiated, and the word for it */
#define DF_FEATURE_LIST(X)                                                                                          \
  X(EXACT, "exact")                                                                                                 \
  X(APPROXIMATE, "approximate") /* a contact whose nearest points MuJoCo finds by iteration: the derivative is that \
                                 * of the points that it approaches; where it makes a manifold with a mesh, or the  \
                                 * pair is not known, part of the change is missing (docs/adjoint.md, section 5) */ \
  X(DIFFERENCED, "differenced") /* steps in which it acts are differentiated by centred differences */              \
  X(REFUSED, "refused")         /* a system with it is not made */

typedef enum df_feature_kind {
#define DF_FEATURE_ENUM(name, text) DF_FEATURE_##name,
  DF_FEATURE_LIST(DF_FEATURE_ENUM)
#undef DF_FEATURE_ENUM
      DF_FEATURE_KINDS
} df_feature_kind;
DF_API const char* df_feature_kind_text(df_feature_kind kind); /* "differenced" */

typedef struct df_feature {
  char name[48];     /* "contact plane-capsule", "tendon", "integrator" ... */
  char element[160]; /* the element that has it: "geom 'floor', geom 'foot' (pairs: 3)", "tendon 'left'" ... */
  df_feature_kind kind;
  bool sometimes;  /* acts in some steps only (a contact): only those are approximate or differenced */
  char remedy[64]; /* of a refused feature: the option that admits it, or "" */
} df_feature;

/* The features of a system: its options, joints, actuators and contact pairs, alike ones as one entry, and everything
 * that is not exact, element by element. Returns the count; *features [count] is owned by the system. 0 for systems
 * not made by mujoco.h. */
DF_API int df_mujoco_features(const df_system* system, const df_feature** features);

/* The same for a model that may be refused, from its file: *features [*n] is in memory of df_alloc. Errors as
 * df_mujoco_system_new(), without DF_E_UNSUPPORTED. */
DF_API DF_MUST_CHECK df_status df_mujoco_inspect(const char* path, const df_mujoco_cfg* cfg, df_feature** features,
                                                 int* n);

/* One line that names every feature that is approximate or differenced, as in "differenced: tendon (tendon 'left'),
 * integrator (option integrator="implicit")", cut at n bytes; "" if all are exact. Returns text. */
DF_API const char* df_mujoco_inexact_features(const df_system* system, char* text, size_t n);

/* ---- which steps they touched ---- */

/* Whether the gradient of recorded step `t` of the simulator is approximate: a contact of an APPROXIMATE kind was
 * active in it. */
DF_API bool df_mujoco_step_approximate(const df_sim* sim, int t);

/* Whether recorded step `t` of the simulator is differentiated by differences. */
DF_API bool df_mujoco_step_differenced(const df_sim* sim, int t);

#endif
