/* mujoco.h: MuJoCo models as a df_system, with the exact adjoint of mj_step.
 *
 * The adjoint is the derivative, by the implicit function theorem, of MuJoCo's own step at the solution of its convex
 * constraint problem (derivation: docs/adjoint.md). It is exact except at the kinks of contact, friction and clamps.
 * df_mujoco_system_new() checks the features of a model once: a feature without an exact adjoint is refused by name
 * unless an option admits an approximation or finite differences (adjoint.h). An inexact derivative is never used
 * without such an option, and is counted (df_gradient_count).
 *
 * Models are compiled without their visual geoms, so that mesh files of these need not exist; all geoms are kept if a
 * body's inertia comes from its visual geoms. Sensors, automatic resets and, unless df_mujoco_cfg.islands says
 * otherwise, islands are disabled. The constraint Jacobian is dense below 60 degrees of freedom; from 60 on, and with
 * forward_only and iterations 0, the model's option applies.
 *
 * Features with an exact adjoint: free, ball, hinge and slide joints with armature, damping and springs (linear and
 * polynomial), dry friction, limits and actuator force limits; gravity compensation; mocap bodies, which do not move
 * from the model's pose; actuators on joints and fixed tendons with constant or affine gain and bias, control, force
 * and activation limits, damping and armature, driven directly or through an integrator, filter or exact filter, also
 * with the next activation (actearly); disabled groups of actuators and disabled flags; contacts of a plane with
 * spheres, capsules, ellipsoids, cylinders, boxes and meshes, of spheres with spheres, capsules, cylinders, boxes and
 * meshes, of capsules with capsules and boxes, and of boxes with each other, condim 1, 3, 4, 6, pyramidal or elliptic;
 * fixed tendons with springs, damping, armature, dry friction, limits and actuators; equality constraints of joints, of
 * fixed tendons and of bodies (connect, weld); Newton or CG; Euler (with implicit damping or without), implicitfast and
 * RK4.
 *
 * The first call installs a process-wide MuJoCo log handler, which prevents MuJoCo from printing and writing files, and
 * loads MuJoCo's own plugins from mujoco_plugin/ beside MuJoCo's library, ../bin/mujoco_plugin/ or plugin/. Forces of
 * plugins are differentiated by finite differences only; a plugin with a state of its own is refused.
 *
 * Arguments must not be NULL unless stated otherwise. Functions without a status do not check them. */
#ifndef DYNAFLOW_SIM_MUJOCO_H
#define DYNAFLOW_SIM_MUJOCO_H

#include <stdint.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

typedef enum df_integrator {
  DF_INTEGRATOR_MODEL = 0,
  DF_INTEGRATOR_EULER,
  DF_INTEGRATOR_IMPLICITFAST,
  DF_INTEGRATOR_RK4
} df_integrator;

/* There is no PGS, which a model may name: it stops far from the solution, so its steps have no exact adjoint. */
typedef enum df_solver { DF_SOLVER_MODEL = 0, DF_SOLVER_NEWTON, DF_SOLVER_CG } df_solver;

/* Whether the constraint solver works on each constraint island (bodies in touch) by itself. */
typedef enum df_islands { DF_ISLANDS_OFF = 0, DF_ISLANDS_MODEL, DF_ISLANDS_ON } df_islands;

/* The margin of two geoms: the sum of theirs, as in MuJoCo 3.5 and later; the rule before 3.5, max(margin1, margin2),
 * with forces from the distance max(margin1, margin2) - max(gap1, gap2) on; or 0. The older rule replaces geom pairs
 * whose margins differ under the two rules by explicit contact pairs. */
typedef enum df_margin_rule { DF_MARGIN_SUM = 0, DF_MARGIN_MAX, DF_MARGIN_NONE } df_margin_rule;

/* What advances the state of a model: MuJoCo's step, or dynamics in closed form. With these the model only describes
 * the layout of the state, names and shapes: its masses, forces, contacts and solver are not used, only timestep,
 * substeps and control ranges.
 *
 * QUADCOPTER: that of DDAT (RSS 2025), z down. The model must have one free joint, and four controls with five
 * activations. x = [p (3), q (4), v (3), w (3), r (4), s]: position, orientation of norm 1, velocity (world), angular
 * velocity (body), speeds of the rotors, and the length s of the quaternion, since DDAT does not normalise its own,
 * s q, and a longer one thrusts more. One explicit Euler step of h seconds, all rates from the old state, with e = (0,
 * 0, 1):
 *
 *     m v' = m g e - c |v| v (per axis) - s^2 kT (sum of r_k^2) R(q) e          m = 1.2 kg, c = 0.1, kT = 1.076e-5
 *     I w' = moments of thrust (arms 0.16 m) and drag torque (1.632e-7 r_k^2), less w x I w and the rotors' precession
 *     (s q)' = s q (0, w) / 2         r_k' = u_k / J, J = 2.7e-5 kg m^2; r_k clamped to [75, 925] after the step
 *
 * I = diag(0.0123, 0.0123, 0.0224) kg m^2. Rotor speeds outside the range thrust as its ends do. */
typedef enum df_dynamics { DF_DYNAMICS_MUJOCO = 0, DF_DYNAMICS_QUADCOPTER } df_dynamics;

/* The friction cone of all contacts. */
typedef enum df_cone { DF_CONE_MODEL = 0, DF_CONE_PYRAMIDAL, DF_CONE_ELLIPTIC } df_cone;

/* The shortest physics step, s. Shorter ones are a mistake, and leave no whole numbers of steps for a motion. */
#define DF_TIMESTEP_MIN 1e-7

/* Options that belong to a data set or task. 0 keeps the model's own value unless stated otherwise. */
typedef struct df_mujoco_cfg {
  df_dynamics dynamics; /* other than MUJOCO: all members but timestep, substeps, iterations and forward_only must be 0.
                         * The model's integrator must be Euler */
  double timestep;      /* s; >= DF_TIMESTEP_MIN, also if it is the model's own */
  int substeps;         /* physics steps per action, >= 1 */
  df_integrator integrator;
  df_solver solver;
  int iterations;   /* limit of solver iterations, >= 50, also if it is the model's own: the implicit gradient of an
                     * unconverged solution is wrong. A limit of line search iterations below 50 is raised to 50. */
  double tolerance; /* solver tolerance */
  df_margin_rule margin_rule; /* MAX for data from MuJoCo before 3.5. Not for models with flexes. The friction of
                               * explicit pairs is no parameter of parameter_gradients */
  bool approximate_contacts;  /* admits geom pairs whose contacts MuJoCo finds by iteration, with the derivative of the
                               * limit of the iteration (adjoint.h); false refuses them */
  bool finite_differences;  /* admits features without an exact adjoint, and differentiates the steps in which they are
                             * active by centred finite differences, 2 (ndx + nu) steps each (adjoint.h); false refuses
                             * them. Not together with parameter_gradients */
  bool parameter_gradients; /* records what the gradient by physical parameters needs (parameters.h); with forward_only,
                             * the parameters can be set */

  /* for comparisons with recordings: */
  bool forward_only;  /* the system is never differentiated: its simulators take no tape, every feature that finite
                       * differences admit is admitted, no limit of iterations is too low, and iterations 0 keeps the
                       * model's limits of solver and line search, and its option for the Jacobian */
  df_islands islands; /* other than OFF only with forward_only: the adjoint reads constraint states that islands leave
                       * stale */
  int ls_iterations;  /* limit of line search iterations; below 50 only with forward_only; 0: as said at iterations */
  double gain_scale, kv_scale, gear_scale; /* factors on what an actuator's force is: its gain if fixed or affine, with
                                            * the bias of a servo that follows it (kp), or a muscle's force; its affine
                                            * velocity bias (kv); its gear. 0: factor 1. Only with forward_only. The
                                            * gains of some actuators stay (df_mujoco_unscaled_gain()) */
  int scaled_control;                      /* k + 1: the scales are of the actuator of control k alone; 0: of all */

  /* for other bodies than the model's: factors on mass and inertia of all bodies, with what MuJoCo's compiler derives
   * from them; on the friction of all geoms, flexes and explicit pairs, and on that of the option o_friction if it
   * overrides these; on the damping of all joints and tendons, linear and polynomial, with that which actuators add.
   * 0: factor 1. Only with forward_only */
  double mass_scale, friction_scale, damping_scale;

  /* for other contact laws than the model's, only with forward_only: */
  double softness_scale; /* factor on the time constant (solref) of contacts, of all geoms, flexes and explicit pairs,
                          * with that of the friction of pairs, and of the option o_solref if it overrides these; a
                          * reference in stiffness and damping, -k -b, becomes -k / factor^2 -b / factor, which is the
                          * same. 0: factor 1. DF_E_CONFIG if MuJoCo would not follow: it keeps time constants at two
                          * physics steps or more (flag refsafe), and replaces references of mixed signs */
  double impratio_scale; /* factor on the ratio of frictional to normal impedance; 0: factor 1 */
  df_cone cone;
  int condim; /* 1, 3, 4 or 6 dimensions of contacts, of all geoms, flexes and explicit pairs; 0: the model's */
} df_mujoco_cfg;

/* dynamics MUJOCO, timestep 0 (the model's), substeps 1, integrator and solver MODEL, iterations 100, tolerance 0 (the
 * model's), margin rule SUM, islands OFF, scales 0 (the model's values) of all actuators, the model's contact law, and
 * the flags false */
DF_API df_mujoco_cfg df_mujoco_cfg_default(void);

/* Compiles a model file into a system, which the caller frees with df_system_free(). Errors: DF_E_ARG (an argument is
 * NULL); DF_E_MISSING (no such file); DF_E_FORMAT (the model is invalid, with MuJoCo's message, or a negative armature
 * makes its mass matrix indefinite); DF_E_CONFIG (no joints, an option out of range, a MuJoCo version that is not
 * supported, a model without the layout of the dynamics, or an option that they do not have); DF_E_UNSUPPORTED (a
 * feature without an exact adjoint that no option admits, with its name and element);
 * DF_E_SIM (MuJoCo raised an error); DF_E_NOMEM. On failure *out is NULL. */
DF_API DF_MUST_CHECK df_status df_mujoco_system_new(const char* path, const df_mujoco_cfg* cfg, df_system** out);

/* Compiles a model from XML text; `name` replaces the file name in messages. Errors: those of df_mujoco_system_new()
 * without DF_E_MISSING. */
DF_API DF_MUST_CHECK df_status df_mujoco_system_from_xml(const char* xml, const char* name, const df_mujoco_cfg* cfg,
                                                         df_system** out);

/* A copy of the system of a model whose action is `substeps` physics steps of `timestep` s: what a recording with other
 * steps is compared with. It refers to nothing of `system`; the caller frees it. Errors: DF_E_CONFIG, DF_E_NOMEM, and
 * those of df_mujoco_system_new() for a compiled model. On failure *out is NULL. */
DF_API DF_MUST_CHECK df_status df_mujoco_copy_with_steps(const df_system* system, double timestep, int substeps,
                                                         df_system** out);

/* ---- elements of the model; only for systems created here (df_system_is_mujoco()). Returned strings and arrays are
 * owned by the system. ---- */

/* what control k drives */
typedef struct df_actuator {
  const char* name; /* "" if unnamed */
  int joint;        /* index of the hinge or slide joint on which it acts by a fixed gain; -1: another actuator, whose
                     * remaining members are 0, and its force +inf */
  double gear;      /* the actuator's length is gear times the joint's position */
  double gain;      /* force at the joint per unit of control, N or N m */
  double stiffness; /* of a servo: minus the force at the joint per unit of its position, N/m or N m/rad; else 0 */
  double damping;   /* minus the force at the joint per unit of its velocity, N s/m or N m s/rad; 0 without */
  double force;     /* largest force at the joint by the limits of actuator and joint, N or N m; +inf without limits */
} df_actuator;

typedef enum df_joint_kind { DF_JOINT_FREE, DF_JOINT_BALL, DF_JOINT_SLIDE, DF_JOINT_HINGE } df_joint_kind;

typedef struct df_joint {
  const char* name; /* "" if unnamed */
  df_joint_kind kind;
  int qpos; /* index in x of its first position coordinate */
  int dof;  /* index in the tangent of its first dof, whose velocity is at nv + dof in the tangent and nq + dof in x */
  double width;  /* width of the range of a limited slide or hinge, m or rad; +inf for any other joint */
  double lo, hi; /* the range itself; -inf and +inf for any other joint */
} df_joint;

DF_API bool df_system_is_mujoco(const df_system* system); /* false for NULL */
DF_API df_dynamics df_mujoco_dynamics(const df_system* system);
/* Index in x of the length of the quaternion of the free joint, which recordings hold in the quaternion itself; -1: the
 * state has none, and all quaternions have norm 1. */
DF_API int df_mujoco_quaternion_length(const df_system* system);
DF_API int df_mujoco_nq(const df_system* system);
DF_API int df_mujoco_nv(const df_system* system);
DF_API int df_mujoco_na(const df_system* system); /* activations, the last entries of x and of the tangent */
DF_API int df_mujoco_joints(const df_system* system, const df_joint** joints); /* sets *joints [count], returns count */
DF_API int df_mujoco_actuator(const df_system* system, const char* name);      /* index, or -1 if there is none */
DF_API df_actuator df_mujoco_actuator_at(const df_system* system, int k);      /* of control k [nu] */
DF_API int df_mujoco_joint_body(const df_system* system, int joint);           /* index of the body that it moves */
/* Writes the axis of a slide or hinge, of length 1, in the frame of its body. */
DF_API void df_mujoco_joint_axis(const df_system* system, int joint, double axis[3]);
/* The position of a slide or hinge at which its body is where the model places it (the attribute ref), m or rad. */
DF_API double df_mujoco_joint_reference(const df_system* system, int joint);
/* Writes the orientation of a body against its parent where no joint turns it (the attributes quat, euler, ...), a unit
 * quaternion. */
DF_API void df_mujoco_body_orientation(const df_system* system, int body, double quat[4]);
/* The control of the first actuator whose strength gain_scale does not change: that of a DC motor, a plugin or a user's
 * callback; -1 if there is none. */
DF_API int df_mujoco_unscaled_gain(const df_system* system);
/* The number of activations of the actuator of control k, and the index in x of the first one; 0 and -1 without. */
DF_API int df_mujoco_activations(const df_system* system, int k, int* first);
/* Whether an actuator acts on the body of the joint or on what hangs on it, as not on an object that a robot handles:
 * by a joint, by a joint or site on the path of a tendon, by a site, or by the contacts of a body (adhesion). */
DF_API bool df_mujoco_is_driven(const df_system* system, int joint);

/* Index of the geom with this name or label, -1 if there is none. The label of a geom without a name is BODY:I, with
 * the name of its body and its number among the body's geoms that can touch others (contype or conaffinity is not 0),
 * from 0 in the order of the model, so that geoms that are only drawn do not count. */
DF_API int df_mujoco_geom(const df_system* system, const char* name);
/* Writes name or label to label[n]; false, and the text is undefined, if it has neither or the text does not fit. */
DF_API bool df_mujoco_geom_label(const df_system* system, int geom, char* label, size_t n);
/* The point (system.h) with this name: a body, a geom by name or label, or a site; its index is -1 if there is none. */
DF_API df_point df_mujoco_point(const df_system* system, df_point_kind kind, const char* name);
DF_API int df_mujoco_geom_count(const df_system* system);
DF_API const char* df_mujoco_geom_name(const df_system* system, int geom); /* "" if unnamed */
DF_API int df_mujoco_geom_body(const df_system* system, int geom);         /* index of the geom's body */
DF_API int df_mujoco_body_count(const df_system* system);                  /* including the world, body 0 */
DF_API int df_mujoco_body_parent(const df_system* system, int body);
DF_API const char* df_mujoco_body_name(const df_system* system, int body); /* "" if unnamed */
DF_API double df_mujoco_total_mass(const df_system* system);               /* kg */
DF_API double df_mujoco_timestep(const df_system* system);                 /* s */
DF_API int df_mujoco_substeps(const df_system* system);
DF_API int df_mujoco_iterations(const df_system* system); /* limit of solver iterations in effect */
/* The most iterations that a physics step can count: that limit, and those of the noslip solver after it. */
DF_API long df_mujoco_iterations_of_step(const df_system* system);

/* SHA-256 of the compiled model with the options in effect, without the paths of its files: equal only if all numbers
 * that the simulation reads are equal. Errors: DF_E_NOMEM, and those of df_sha256(). */
DF_API DF_MUST_CHECK df_status df_mujoco_fingerprint(const df_system* system, char sha256[DF_SHA256_TEXT]);

/* Which model it is (model_identity.h): the files that the compiler read, the fingerprint at compilation and MuJoCo's
 * version. The files of a model from XML text are unknown. Owned by the system; NULL for a system not created here. */
DF_API const df_model_identity* df_mujoco_identity(const df_system* system);

/* Sets *list to every file that MuJoCo reads for the model file `path` when another program loads it: those of the
 * simulation and also meshes and textures that are only drawn. The format is that of `list` of df_model_identity; the
 * caller frees it with df_free(). Errors: DF_E_ARG, DF_E_MISSING (no model file), DF_E_FORMAT (MuJoCo's message, e.g. a
 * missing mesh), DF_E_CONFIG (version of MuJoCo), DF_E_IO, DF_E_NOMEM, DF_E_SIM. */
DF_API DF_MUST_CHECK df_status df_mujoco_all_files(const char* path, char** list);

/* Absolute paths, for a program that includes the model in a file elsewhere: *model = the model file itself, *meshes
 * and *textures = the folders in which MuJoCo looks for files of meshes and textures (compiler/meshdir and texturedir).
 * The caller frees all three with df_free(). Errors, after which they are NULL: DF_E_ARG (an argument is NULL),
 * DF_E_MISSING and DF_E_IO (the file cannot be read), DF_E_FORMAT (MuJoCo's message), DF_E_SIM, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_mujoco_asset_folders(const char* path, char** model, char** meshes, char** textures);

/* x [nx] = the initial state of the model: qpos0, zero velocity and activation. */
DF_API void df_mujoco_initial_state(const df_system* system, double* x);

/* Keyframes: their number, the name of number i ("" if unnamed), and x [nx] = its state. */
DF_API int df_mujoco_keyframes(const df_system* system);
DF_API const char* df_mujoco_keyframe_name(const df_system* system, int i);
DF_API void df_mujoco_keyframe_state(const df_system* system, int i, double* x);

/* the options in effect, as MuJoCo numbers them in mjOption, of those that df_mujoco_cfg or this library sets */
typedef struct df_mujoco_options {
  double timestep, tolerance;
  int integrator, solver, jacobian, iterations, ls_iterations, disableflags, enableflags;
} df_mujoco_options;
DF_API df_mujoco_options df_mujoco_options_of(const df_system* system);

/* ---- geometry of a state; only for simulators of systems created here ---- */

/* Loads state x [nx] and computes kinematics and collisions. Discards the current trajectory: reset the simulator
 * before the next step. */
DF_API void df_mujoco_pose(df_sim* sim, const double* x);
/* After df_mujoco_pose(): position [nbody][3] = frame origins of all bodies, m, world frame. */
DF_API void df_mujoco_body_positions(const df_sim* sim, double* position);
/* After df_mujoco_pose(): the centre of mass of the whole model, m, world frame. */
DF_API void df_mujoco_centre_of_mass(const df_sim* sim, double com[3]);
/* After df_mujoco_pose(), for n geoms: touch[k] = 1 if geom geoms[k] has a contact within its margin, else 0. */
DF_API void df_mujoco_touching(const df_sim* sim, int n, const int* geoms, uint8_t* touch);
/* After df_mujoco_pose(): touch [df_mujoco_geom_count()] = 1 for the geoms of moving bodies that have a contact within
 * its margin with a geom of a body fixed to the world, such as a floor, else 0. */
DF_API void df_mujoco_touching_world(const df_sim* sim, uint8_t* touch);
/* After df_mujoco_pose(): the centre of a geom, m, world frame. */
DF_API void df_mujoco_geom_position(const df_sim* sim, int geom, double position[3]);
/* After df_mujoco_pose(): the smallest signed distance between a geom of a moving body and a geom of a body fixed to
 * the world, such as the floor, of the pairs that may collide, m; negative: depth of the penetration. Only bodies of
 * the kinematic tree with this root (df_mujoco_body_root()) are measured; 0: all. At most 1e4; height fields and SDFs
 * are not measured. +inf if there is no such pair. */
DF_API double df_mujoco_ground_distance(df_sim* sim, int root);
/* The same of one geom alone; +inf also for a geom that cannot move. */
DF_API double df_mujoco_geom_ground_distance(df_sim* sim, int geom);
/* What is nearest to a kinematic tree. */
typedef struct df_tree_gap {
  double distance; /* m; negative: depth of the penetration */
  int geom;        /* of another tree, or of what cannot move; -1: none within `most` */
  double up;       /* how far up the shortest way from there to the tree leads, -1 (down) to 1; 0 if they touch */
} df_tree_gap;
/* After df_mujoco_pose() or df_mujoco_inverse(): the smallest distance, below `most` (m), between a geom of the
 * kinematic tree rooted at `root` (df_mujoco_body_root()) and any geom outside it that may collide with it; height
 * fields and SDFs are not measured. */
DF_API df_tree_gap df_mujoco_tree_gap(df_sim* sim, int root, double most);
/* After df_mujoco_pose(): the height, m, of the highest surface below a point of what cannot move and may collide;
 * planes have no end, SDFs are left out. -inf if there is none. */
DF_API double df_mujoco_ground_below(df_sim* sim, const double point[3]);
/* After df_mujoco_pose(): whether what cannot move and may collide are horizontal planes alone, or nothing: they rise
 * by at most 1e-6 m per m. *height is that of the highest plane then, m; -inf if there is none. */
DF_API bool df_mujoco_ground_is_flat(df_sim* sim, double* height);

/* ---- versions ---- */

DF_API const char* df_mujoco_version(void); /* version of the MuJoCo library in use, such as "3.17.0" */

/* DF_E_CONFIG if the MuJoCo library is not supported: it differs from the headers of the build, is older than 3.16, or
 * is 4.0.0, whose Newton solver factorizes its sparse Hessian wrongly. */
DF_API DF_MUST_CHECK df_status df_mujoco_check_version(void);

DF_END_DECLS

#endif
