/* mujoco.h: MuJoCo models as a df_system, with the exact adjoint of mj_step.
 *
 * The adjoint is the implicit-function-theorem derivative of MuJoCo's own step at the solution of its convex
 * constraint problem (derivation: docs/adjoint.md); it is exact away from the kinks of contact, friction and clamps.
 * What a model may contain is checked once, by df_mujoco_system_new(): a feature without an exact adjoint is refused
 * by name unless an option admits an approximation or finite differences (adjoint.h); nothing is differentiated
 * wrongly without being asked for and counted.
 *
 * Models are compiled without their visual parts, so that their mesh files need not be present; where a body's inertia
 * is that of its visual geoms all parts stay. Sensors, automatic resets and islands are switched off; the constraint
 * Jacobian is dense below 60 degrees of freedom and as the model says from there on.
 *
 * Exact: free, ball, hinge and slide joints with armature, damping and springs (linear and polynomial), dry friction,
 * limits and actuator force limits; gravity compensation; mocap bodies, which stand still where the model has them;
 * actuators on joints and fixed tendons with constant or affine gain and bias, control, force and activation limits,
 * damping and armature, driven directly or through an integrator, filter or exact filter, also with the next activation
 * (actearly); disabled groups of actuators and disabled flags; contacts of a plane with spheres, capsules, ellipsoids,
 * cylinders, boxes and meshes, of spheres with spheres, capsules, cylinders, boxes and meshes, of capsules with
 * capsules and boxes, and of boxes with each other, condim 1, 3, 4, 6, pyramidal or elliptic; fixed tendons with
 * springs, damping, armature, dry friction, limits and actuators; equality constraints of joints, of fixed tendons and
 * of bodies (connect, weld); Newton or CG; Euler (with implicit damping or without), implicitfast and RK4.
 *
 * The first call installs a process-wide MuJoCo log handler that keeps MuJoCo from printing and from writing files. */
#ifndef DYNAFLOW_SIM_MUJOCO_H
#define DYNAFLOW_SIM_MUJOCO_H

#include <stdint.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/sim/system.h"

typedef enum df_integrator {
  DF_INTEGRATOR_MODEL = 0,
  DF_INTEGRATOR_EULER,
  DF_INTEGRATOR_IMPLICITFAST,
  DF_INTEGRATOR_RK4
} df_integrator;

/* PGS, which a model may name, has no exact adjoint: it stops far from the solution */
typedef enum df_solver { DF_SOLVER_MODEL = 0, DF_SOLVER_NEWTON, DF_SOLVER_CG } df_solver;

/* Options that are part of a data set or task; 0 keeps the model's own value unless said otherwise. */
typedef struct df_mujoco_cfg {
  double timestep; /* s */
  int substeps;    /* physics steps an action lasts, >= 1 */
  df_integrator integrator;
  df_solver solver;
  int iterations;   /* solver iterations; below 50 the implicit gradient is wrong (unconverged), so >= 50 is required,
                     * also of the model's own value; line search iterations are raised to 50 with it */
  double tolerance; /* solver tolerance */
  double margin_scale; /* factor on every geom margin; 0.5 for data of a MuJoCo before 3.5, which summed no margins */
  bool approximate_contacts; /* admit geom pairs whose contacts MuJoCo finds by iteration, with the derivative of what
                              * the iteration approaches (adjoint.h); false refuses them */
  bool finite_differences;   /* admit what has no exact adjoint, and differentiate the steps it acts in by centred
                              * differences, 2 (ndx + nu) steps each (adjoint.h); false refuses it. They have no
                              * gradient by parameters */
  bool parameter_gradients;  /* keep on the tape what the gradient by the model's parameters takes (parameters.h) */
} df_mujoco_cfg;

/* timestep 0, substeps 1, integrator and solver MODEL, iterations 100, tolerance 0 (the model's), margin_scale 1,
 * approximate contacts and finite differences refused */
DF_API df_mujoco_cfg df_mujoco_cfg_default(void);

/* Compiles the model file. Errors: DF_E_MISSING, DF_E_FORMAT (MuJoCo's own message), DF_E_CONFIG (no actuators, a bad
 * option, a MuJoCo that is refused), DF_E_UNSUPPORTED (names the feature and the element). */
DF_API DF_MUST_CHECK df_status df_mujoco_system_new(const char* path, const df_mujoco_cfg* cfg, df_system** out);

/* The same from XML text; `name` stands for the file in errors. */
DF_API DF_MUST_CHECK df_status df_mujoco_system_from_xml(const char* xml, const char* name, const df_mujoco_cfg* cfg,
                                                         df_system** out);

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
DF_API int df_mujoco_na(const df_system* system); /* activations: the last numbers of x and of the tangent */
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

/* The model's initial state (qpos0, zero velocity and activation), x [nx]. */
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
