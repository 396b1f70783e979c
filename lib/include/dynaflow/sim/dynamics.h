/* dynamics.h: what a given motion implies at one state of a MuJoCo model: contacts, velocities of points, forces.
 *
 * None of this simulates. The functions of a simulator discard its current trajectory, as df_mujoco_pose() does: reset
 * the simulator before the next step. They leave nothing that the steps after a reset depend on.
 *
 * Arguments must not be NULL. Functions without a status do not check them. */
#ifndef DYNAFLOW_SIM_DYNAMICS_H
#define DYNAFLOW_SIM_DYNAMICS_H

#include <stdbool.h>

#include "dynaflow/sim/mujoco.h"

DF_BEGIN_DECLS

/* ---- contacts of the state that df_mujoco_pose() or df_mujoco_inverse() loaded ---- */

typedef struct df_contact {
  int geom[2], body[2]; /* geoms in contact and their bodies; -1 for a flex */
  double distance;      /* signed distance of the surfaces, m; negative: depth of the penetration */
  double position[3];   /* midway between the surfaces, m, world frame */
  double frame[9];      /* rows: unit normal from geom[0] to geom[1] and two unit tangents, world frame */
  bool active;          /* distance <= margin of the pair: the contact exerts forces, as in df_mujoco_touching() */
  double friction;      /* smaller one of the coefficients of the two tangents; 0 for a contact without friction */
  double softness;      /* m/N: depth per force at rest, of a contact that is deeper than the width of its impedance */
} df_contact;

/* The number of contacts, which includes pairs within the gap of their margin, that exert no force. */
DF_API int df_mujoco_contact_count(const df_sim* sim);
/* Contact i, 0 <= i < df_mujoco_contact_count(). */
DF_API df_contact df_mujoco_contact(const df_sim* sim, int i);

/* velocity [3] = that of the material point of `body` which is at `point` [3], m/s, world frame: the Jacobian of the
 * point times the velocities of the loaded state. */
DF_API void df_mujoco_point_velocity(df_sim* sim, int body, const double* point, double* velocity);

/* The speed at which the two bodies of a contact slide on each other, m/s: the part of the relative velocity of their
 * points there that is tangential. What is no body, of a flex, is at rest. */
DF_API double df_mujoco_sliding_speed(df_sim* sim, const df_contact* contact);

/* position [nbody][3] = centres of mass of all bodies, m, world frame. */
DF_API void df_mujoco_body_centres(const df_sim* sim, double* position);

/* ---- inverse dynamics ---- */

/* force [nv] = the generalized forces, N on translations and N m on rotations, beyond gravity, gravity compensation,
 * passive forces and constraint forces (contacts, limits, friction loss, equalities) that the model needs at state
 * x [nx] for the acceleration `acceleration` [nv] = (v(t+1) - v(t)) / h: mj_inverse(), with the implicit damping of
 * Euler, implicit and implicitfast undone (mjENBL_INVDISCRETE), so that the forces of a simulated step of one substep
 * are those of its actuators up to the solver's tolerance. Not so with RK4. implicit and implicitfast leave the damping
 * of a servo out while its force is at an end of its forcerange. The actions are not known: of the sets of servos on
 * hinges and slides with a known range (df_dof) that may be there, the one is searched for with which all forces are
 * within their ranges, and at their ends for those in the set, or nearly so (docs/metrics.md, "Saturated servos"). All
 * other actuators are taken to be within their ranges. The free joint's angular part is in the frame of the body. The
 * state is loaded as by df_mujoco_pose(). Errors: DF_E_ARG for a number that is not finite, or a state beyond 1e6;
 * DF_E_UNSUPPORTED for dynamics in closed form (df_dynamics), which have no such forces; DF_E_SIM with MuJoCo's
 * message; `force` is then 0. */
DF_API DF_MUST_CHECK df_status df_mujoco_inverse(df_sim* sim, const double* x, const double* acceleration,
                                                 double* force);

/* As df_mujoco_inverse(), without its search, which takes some hundred times as long: if a servo's force is out of its
 * range with none of them saturated, the set of those for which it is is tried, too. With contacts, limits or friction
 * loss the set may be another one. */
DF_API DF_MUST_CHECK df_status df_mujoco_inverse_quick(df_sim* sim, const double* x, const double* acceleration,
                                                       double* force);

/* force [nv] = the gravity compensation, N or N m, of the joints with actuatorgravcomp at the state of the last
 * df_mujoco_inverse(), 0 for all others. MuJoCo adds it to the forces of the actuators (qfrc_actuator);
 * df_mujoco_inverse() leaves it out. */
DF_API void df_mujoco_compensation(const df_sim* sim, double* force);

/* ---- what drives the dofs ---- */

typedef struct df_dof {
  bool rotates;  /* its force is a torque */
  bool actuated; /* an enabled actuator can act on it. All other dofs, such as those of a free base, can only be moved
                  * by gravity, passive forces and constraints. */
  double lo, hi; /* range of the actuators' total force on it, N or N m; 0 without actuators, infinite if unknown. Known
                  * for a hinge or slide that only actuators on the joint drive: the sum of the gears times their
                  * forceranges (of a motor without forcerange its control range times its gain), within the joint's
                  * actuatorfrcrange. Gravity compensation is not part of it; where actuatorfrcrange limits the
                  * sum with it (actuatorgravcomp), the range is unknown. */
  double inertia; /* kg or kg m^2, with armature, in the model's own first pose */
  double damping; /* of the joint itself, N s/m or N m s/rad */
} df_dof;

/* dof [nv] */
DF_API void df_mujoco_dofs(const df_system* system, df_dof* dof);

/* Whether an enabled actuator acts between what the joint moves and the rest: on the joint itself, by a site or a
 * rope from outside, as thrusters do; not by joints, sites and tendons within a robot, nor by adhesion. */
DF_API bool df_mujoco_is_carried(const df_system* system, int joint);

/* Weight of a body and of what hangs on it, N, less what gravity compensation carries; 0 without gravity. */
DF_API double df_mujoco_weight(const df_system* system, int body);

/* Whether a geom of a body, or of what hangs on it, may touch a geom that cannot move, such as a floor: contacts are
 * enabled, and the two are a pair or admit each other (contype, conaffinity). */
DF_API bool df_mujoco_may_touch_world(const df_system* system, int body);

/* Returns the number of enabled equality constraints of joints and of fixed tendons. With a state x [nx], also sets
 * off [count] = by how much each is violated, and size [count] = what that is compared with, m or rad, above 0: the
 * larger of the magnitudes of its two sides, but at least a twentieth of the reach of the first one; for a joint or
 * tendon that is held alone, and hardly moves, its reach. That is half of the range of a joint (without limits 1 rad,
 * or the mean size of the bodies), and of a tendon the sum over its joints, by their coefficients. With x NULL, off and
 * size are not used and may be NULL. */
DF_API int df_mujoco_couplings(const df_system* system, const double* x, double* off, double* size);

/* The mocap body to which an enabled connect or weld constraint that is active at the start ties a body of the
 * kinematic tree with this root (df_mujoco_body_root()), or to what is fixed to it; -1: none. The pose of a mocap body
 * is no part of a state, so that the constraint forces of such a tree are not known. */
DF_API int df_mujoco_mocap_holder(const df_system* system, int root);

/* The first connect or weld constraint between a body of the tree and any other one that is not active at the start,
 * as of a gripper by suction, which a program switches on; -1: none. */
DF_API int df_mujoco_idle_tie(const df_system* system, int root);

/* Writes the name of an equality constraint to label[n], "equality 3" for one without. */
DF_API void df_mujoco_equality_label(const df_system* system, int equality, char* label, size_t n);

/* Density of the medium (option density), kg/m^3; 0: none. */
DF_API double df_mujoco_density(const df_system* system);

/* Root of the kinematic tree of a body: 0 for a body that is fixed to the world. Bodies of one tree have the same root;
 * so have trees on the same fixed base. */
DF_API int df_mujoco_body_root(const df_system* system, int body);

/* kg */
DF_API double df_mujoco_body_mass(const df_system* system, int body);

/* |gravity|, m/s^2 */
DF_API double df_mujoco_gravity(const df_system* system);
/* gravity [3], m/s^2, in the frame of the world */
DF_API void df_mujoco_gravity_vector(const df_system* system, double gravity[3]);

DF_END_DECLS

#endif
