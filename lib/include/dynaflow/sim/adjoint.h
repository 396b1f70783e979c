/* adjoint.h: the accuracy of the gradient of a MuJoCo system: which features of the model have an exact derivative,
 * which an approximate one or one by finite differences, and which steps were affected.
 *
 * The features of a model are checked once, when its system is created. A model with a feature that has no exact
 * adjoint is refused unless an option of df_mujoco_cfg admits the feature:
 *
 *   approximate_contacts  geom pairs whose contacts MuJoCo finds by iteration
 *   finite_differences    any other feature, and such geom pairs if approximate_contacts is not set, provided that
 *                         [qpos, qvel, act] and the solver's warm start are the whole state of a step
 *
 * A physics step that is differentiated by finite differences is run another 2 (ndx + nu) times from the same warm
 * start, at a solver tolerance of 1e-22, each time with one coordinate of the state or action changed by +-1e-6 (SI
 * units, for a rotation the angle). The difference step is 3e-5 instead if a contact whose points MuJoCo finds by
 * iteration is active (two ellipsoids, flexes, height fields), since these points have errors of up to 1e-7. If the
 * slopes on both sides differ by more than a tenth, the state is at a kink or a jump, and the smaller slope is taken:
 * like the exact adjoint it ignores a jump. Where the step is smooth the relative error is between 1e-9 and 1e-6, with
 * such contacts 1e-3.
 *
 * Bounds: at a bound of a control's or activation's range the derivative is that of the inside, in an exact adjoint and
 * by differences, which then take two steps inwards (second order). The range is the ctrlrange or actrange, and [0, 1]
 * for control and activation of a muscle. A control outside its range has no effect and the derivative 0; an activation
 * outside its range has the derivative there.
 *
 * A pair of geoms that is listed as exact can meet without a derivative: a cylinder or capsule that stands on a plane
 * within 1e-6 rad of upright, axes that meet, a centre on an edge, parallel faces of boxes of which neither covers the
 * other (docs/adjoint.md, section 5). Such a contact counts as approximate.
 *
 * A contact without an exact derivative affects only the steps in which it is active. Any other feature that needs
 * finite differences affects every step of the model. */
#ifndef DYNAFLOW_SIM_ADJOINT_H
#define DYNAFLOW_SIM_ADJOINT_H

#include "dynaflow/sim/mujoco.h"

DF_BEGIN_DECLS

/* ---- features of a model ---- */

/* how a feature is differentiated: constant, name */
#define DF_FEATURE_LIST(X)                                                                                         \
  X(EXACT, "exact")                                                                                                \
  X(APPROXIMATE, "approximate") /* contacts whose nearest points MuJoCo finds by iteration: the derivative is that \
                                 * of the exact nearest points; for a manifold of several contacts with a mesh and \
                                 * for unknown pairs, part of it is missing (docs/adjoint.md, section 5) */        \
  X(DIFFERENCED, "differenced") /* steps in which it is active are differentiated by centred finite differences */ \
  X(REFUSED, "refused")         /* no system is created from a model with it */

typedef enum df_feature_kind {
#define DF_FEATURE_ENUM(name, text) DF_FEATURE_##name,
  DF_FEATURE_LIST(DF_FEATURE_ENUM)
#undef DF_FEATURE_ENUM
      DF_FEATURE_KINDS
} df_feature_kind;
/* The name of a kind, such as "differenced"; a constant string. */
DF_API const char* df_feature_kind_text(df_feature_kind kind);

typedef struct df_feature {
  char name[80];     /* "contact plane-capsule", "tendon", "integrator" ... */
  char element[160]; /* the element of the model: "geom 'floor', geom 'foot' (pairs: 3)", "tendon 'left'" ... */
  df_feature_kind kind;
  bool sometimes;  /* active in some steps only (a contact), which alone are approximate or differenced */
  char remedy[64]; /* for a refused feature, the option that admits it, or "" if none does */
} df_feature;

/* Sets *features to the features of a system, [count], owned by the system, and returns the count. Equal features of
 * options, joints, actuators and geom pairs share one entry; features that are not exact have one entry per element.
 * Returns 0 and sets *features to NULL for systems that mujoco.h did not create. */
DF_API int df_mujoco_features(const df_system* system, const df_feature** features);

/* Lists the features of a model file, also if its model would be refused: *features [*n], which the caller frees with
 * df_free(). Errors: those of df_mujoco_system_new() without DF_E_UNSUPPORTED; a model without actuators or joints is
 * not an error. On failure *features is NULL and *n is 0. */
DF_API DF_MUST_CHECK df_status df_mujoco_inspect(const char* path, const df_mujoco_cfg* cfg, df_feature** features,
                                                 int* n);

/* Writes to text [n] one line with all features that are approximate or differenced, such as "differenced: tendon
 * (tendon 'left'), integrator (option integrator="implicit")", truncated to n bytes with the terminator; "" if all are
 * exact. Returns text. */
DF_API const char* df_mujoco_inexact_features(const df_system* system, char* text, size_t n);

/* ---- affected steps ---- */

/* Whether the gradient of recorded step `t` of the simulator is approximate, since an approximate contact was active in
 * it; false if step `t` is not recorded. */
DF_API bool df_mujoco_step_approximate(const df_sim* sim, int t);

/* Whether recorded step `t` of the simulator is differentiated by finite differences; false if it is not recorded. */
DF_API bool df_mujoco_step_differenced(const df_sim* sim, int t);

DF_END_DECLS

#endif
