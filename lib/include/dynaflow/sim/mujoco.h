/* mujoco.h: MuJoCo models as a df_system, with the exact adjoint of mj_step.
 *
 * The adjoint is the implicit-function-theorem derivative of MuJoCo's own step at the solution of its convex
 * constraint problem (derivation: docs/adjoint.md); it is exact away from the kinks of contact, friction and clamps.
 * What a model may contain is checked once, by df_mujoco_system_new(): a feature without an exact adjoint is refused
 * by name, never differentiated wrongly.
 *
 * Models are compiled without their visual parts, so mesh files need not be present. Sensors, automatic resets and
 * islands are switched off; the constraint Jacobian is dense.
 *
 * Exact: free, ball, hinge and slide joints with armature, linear damping and springs, dry friction, limits and
 * actuator force limits; actuators on hinges and slides with constant or affine gain and bias, control and force
 * limits; contacts of a plane with spheres, capsules, boxes and meshes, and of spheres and capsules with each other,
 * condim 1, 3, 4, 6, pyramidal or elliptic; Newton or CG; Euler (with implicit damping or without) and implicitfast.
 *
 * The first call installs a process-wide MuJoCo log handler that keeps MuJoCo from printing and from writing files. */
#ifndef DYNAFLOW_SIM_MUJOCO_H
#define DYNAFLOW_SIM_MUJOCO_H

#include <stdint.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/sim/system.h"

typedef enum df_integrator { DF_INTEGRATOR_MODEL = 0, DF_INTEGRATOR_EULER, DF_INTEGRATOR_IMPLICITFAST } df_integrator;

/* Options that are part of a data set or task; 0 keeps the model's own value unless said otherwise. */
typedef struct df_mujoco_cfg {
  double timestep; /* s */
  int substeps;    /* physics steps an action lasts, >= 1 */
  df_integrator integrator;
  int iterations;   /* solver iterations; below 50 the implicit gradient is wrong (unconverged), so >= 50 is required,
                     * also of the model's own value; line search iterations are raised to 50 with it */
  double tolerance; /* solver tolerance */
  double margin_scale; /* factor on every geom margin; 0.5 for data of a MuJoCo before 3.5, which summed no margins */
  bool approximate_contacts; /* admit geom pairs whose contact derivative freezes the contact feature (df_feature_kind);
                              * false refuses them */
} df_mujoco_cfg;

/* timestep 0, substeps 1, integrator MODEL, iterations 100, tolerance 0 (the model's), margin_scale 1, approximate
 * contacts refused */
DF_API df_mujoco_cfg df_mujoco_cfg_default(void);

/* Compiles the model file. Errors: DF_E_MISSING, DF_E_FORMAT (MuJoCo's own message), DF_E_CONFIG (no actuators, a bad
 * option, a MuJoCo that is refused), DF_E_UNSUPPORTED (names the feature and the element). */
DF_API DF_MUST_CHECK df_status df_mujoco_system_new(const char* path, const df_mujoco_cfg* cfg, df_system** out);

/* The same from XML text; `name` stands for the file in errors. */
DF_API DF_MUST_CHECK df_status df_mujoco_system_from_xml(const char* xml, const char* name, const df_mujoco_cfg* cfg,
                                                         df_system** out);

/* ---- what of a model the adjoint covers ---- */

typedef enum df_feature_kind {
  DF_FEATURE_EXACT,       /* differentiated exactly */
  DF_FEATURE_APPROXIMATE, /* contact between shapes where the touching points are taken as fixed to the two bodies and
                           * the normal as fixed in the world: forces are right, part of their change is missing */
  DF_FEATURE_REFUSED      /* a system with it is not made */
} df_feature_kind;

typedef struct df_feature {
  char name[48];     /* "contact plane-capsule", "tendon", "integrator" ... */
  char element[160]; /* the element that has it: "floor - foot_geom (and 2 more pairs)", "tendon 'left'" ... */
  df_feature_kind kind;
} df_feature;

/* The features of a system that are worth a word: its contact pairs and everything that is not exact. Returns the
 * count; *features [count] is owned by the system. 0 for systems not made here. */
DF_API int df_mujoco_features(const df_system* system, const df_feature** features);

/* The same for a model that may be refused, from its file: *features [*n] is in memory of df_alloc. Errors as
 * df_mujoco_system_new(), without DF_E_UNSUPPORTED. */
DF_API DF_MUST_CHECK df_status df_mujoco_inspect(const char* path, const df_mujoco_cfg* cfg, df_feature** features,
                                                 int* n);

/* Whether a contact of an APPROXIMATE kind was active in recorded step `t` of the simulator. */
DF_API bool df_mujoco_step_approximate(const df_sim* sim, int t);

/* ---- what the model is made of; for systems made here only (df_system_is_mujoco) ---- */

typedef enum df_joint_kind { DF_JOINT_FREE, DF_JOINT_BALL, DF_JOINT_SLIDE, DF_JOINT_HINGE } df_joint_kind;

typedef struct df_joint {
  const char* name; /* "" if unnamed */
  df_joint_kind kind;
  int qpos; /* first index in x */
  int dof;  /* first index in the tangent; its velocity is at nv + dof in the tangent and nq + dof in x */
} df_joint;

DF_API bool df_system_is_mujoco(const df_system* system);
DF_API int df_mujoco_nq(const df_system* system);
DF_API int df_mujoco_nv(const df_system* system);
DF_API int df_mujoco_joints(const df_system* system, const df_joint** joints); /* count; owned by the system */
DF_API int df_mujoco_geom(const df_system* system, const char* name);          /* index, or -1 */
DF_API int df_mujoco_geom_body(const df_system* system, int geom);             /* the body it is fixed to */
DF_API int df_mujoco_body_count(const df_system* system);                      /* with the world as 0 */
DF_API int df_mujoco_body_parent(const df_system* system, int body);
DF_API const char* df_mujoco_body_name(const df_system* system, int body);
DF_API double df_mujoco_total_mass(const df_system* system); /* kg */
DF_API double df_mujoco_timestep(const df_system* system);   /* s */
DF_API int df_mujoco_substeps(const df_system* system);

/* SHA-256 of the compiled model and the options in force: the same only if every number that simulation reads is. */
DF_API DF_MUST_CHECK df_status df_mujoco_fingerprint(const df_system* system, char sha256[DF_SHA256_TEXT]);

/* The model's initial state (qpos0, zero velocity), x [nx]. */
DF_API void df_mujoco_initial_state(const df_system* system, double* x);

/* ---- geometry of a state; `sim` keeps its own trajectory state only until the next call ---- */

/* Places the simulator at x [nx] and computes kinematics and collisions. Invalidates the current trajectory: reset
 * before the next step. */
DF_API void df_mujoco_pose(df_sim* sim, const double* x);
/* After df_mujoco_pose: frame origins of all bodies, [nbody][3], m, world frame. */
DF_API void df_mujoco_body_positions(const df_sim* sim, double* position);
/* After df_mujoco_pose: centre of mass of the whole model, [3], m, world frame. */
DF_API void df_mujoco_centre_of_mass(const df_sim* sim, double com[3]);
/* After df_mujoco_pose: touch[k] = 1 if geom `geoms[k]` is in contact (within its margin), else 0. */
DF_API void df_mujoco_touching(const df_sim* sim, int n, const int* geoms, uint8_t* touch);
/* After df_mujoco_pose: centre of a geom, [3], m, world frame. */
DF_API void df_mujoco_geom_position(const df_sim* sim, int geom, double position[3]);

/* ---- versions ---- */

DF_API const char* df_mujoco_version(void); /* of the library in use, e.g. "3.17.0" */

/* DF_OK, or DF_E_CONFIG with the reason: headers and library differ, older than 3.16, or 4.0.0 (wrong Newton). */
DF_API DF_MUST_CHECK df_status df_mujoco_check_version(void);

#endif
