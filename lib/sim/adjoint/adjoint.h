/* adjoint.h: the scratch memory of the adjoint and its contact part. Symbols are those of docs/adjoint.md. */
#ifndef DF_SIM_ADJOINT_H
#define DF_SIM_ADJOINT_H

#include "lanes.h"
#include "model.h"
#include "tape.h"

typedef double df_spatial[6];

/* The motions and forces of a node, a lane each (docs/adjoint.md, section 3):
 *   a (with gravity and velocity products), w, v, S a
 *   F: what w pairs with when a joint turns everything behind it; P = I w; Y_a; Q + Y_v */
typedef df_lanes df_lanes_spatial[6];
enum { LANE_A, LANE_W, LANE_V, LANE_A0 };
enum { LANE_F, LANE_P, LANE_YA, LANE_Q };

typedef enum df_node_state {
  NODE_ALONE,
  NODE_SHIFTED, /* it or something behind it is touched: it has a shift */
  NODE_TOUCHED  /* it also has motions and forces in vectors of their own */
} df_node_state;

typedef struct df_adjoint {
  double* hessian; /* a matrix of tree.h */
  /* [nv] */
  double *w, *g, *delta, *lam, *qbar, *inverse, *reached;
  /* [na] cotangents of act and of act_dot */
  double *abar, *rate;
  df_lanes_spatial *motion, *sum; /* [nnode] motions of the nodes; forces on them, later summed over subtrees */
  df_spatial* carried;            /* [nv] S_k x v of its parent */
  df_node_state* state;           /* [nnode] */
  df_spatial* shift;              /* [nnode] of shifted nodes, Z: derivative by a displacement of the body */
  /* [nnode] of touched nodes: motions w, v, a, and what is added to F, P, Q, Y_v */
  df_spatial *mw, *mv, *ma, *force, *inertia, *gyro, *by_v;
  double* more; /* of df_rk4_adjoint() */
} df_adjoint;

/* ---- adjoint_dynamics.c ---- */

/* a->w = H^-1 a->w */
void df_adjoint_solve(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);

/* The adjoint of qacc and act_dot (q, v, act, u): a->w is H^-1 times the cotangent of qacc, a->rate the cotangent of
 * act_dot. Adds to a->qbar [nv], a->abar [na], vbar [nv] and ubar [nu]. `acceleration` [nv] is qacc, but in M(q) qacc a
 * caller may have another one. */
void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* record, const double* acceleration,
                         df_adjoint* adjoint, double* vbar, double* ubar);

/* M as a matrix of tree.h */
void df_adjoint_load_mass(const mjModel* m, const df_step_record* record, const df_pattern* pattern, double* out);

/* ---- adjoint_sweep.c ---- */

/* Motions of all nodes from a->w, the velocity and `acceleration` [nv]; no node is touched then. */
void df_adjoint_sweep_motions(const df_mujoco* system, const df_step_record* record, const double* acceleration,
                              df_adjoint* adjoint);
/* The forces of the bodies on their nodes. */
void df_adjoint_node_forces(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);
/* Makes the shift of a node and of all it hangs on ready to be added to. */
void df_adjoint_shift(const df_tree* tree, df_adjoint* adjoint, int node);
/* The same for its mw .. by_v. */
void df_adjoint_touch(const df_tree* tree, df_adjoint* adjoint, int node);
/* Adds to a->qbar and vbar what all forces make, and the springs and dampers of single dofs. */
void df_adjoint_sweep_forces(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);
/* a->qbar += d/dq of g^T M(q) delta; takes the place of the motions. */
void df_adjoint_sweep_implicit(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);

/* ---- adjoint_actuator.c ---- */

/* Adds to ubar and a->abar what w and a->rate make of the actuators' inputs; the last to use a->rate. */
void df_adjoint_inputs(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* ubar);

/* Adds to vbar, ubar, a->abar and a->rate where the integrator's implicit damping depends on the state; reads g. */
void df_adjoint_implicit_damping(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint,
                                 double* vbar, double* ubar);

/* out += scale times the blocks of joint_force.h */
void df_adjoint_add_blocks(const df_mujoco* system, const df_pattern* pattern, const double* blocks, double scale,
                           double* out);

/* Adds to a->qbar and vbar what w makes of the forces of ball and free joints. */
void df_adjoint_blocks(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_rows.c ---- */

/* the rows' and ties' part of the Hessian */
void df_adjoint_add_rows(const df_step_record* record, const df_pattern* pattern, double* hessian);
/* Adds the rows' part to a->qbar and vbar [nv]. Reads w. */
void df_adjoint_rows(const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_equality.c ---- */

/* Adds the ties' part to the forces on the nodes. Reads w and the node motions. */
void df_adjoint_ties(const df_tree* tree, df_adjoint* adjoint, const df_step_record* record);

/* ---- adjoint_free.c ---- */

/* Sets the entries of rigid free bodies in a->g. */
void df_adjoint_solve_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);
/* Adds to a->qbar and vbar what their part of the implicit damping depends on. */
void df_adjoint_turn_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_contact.c ---- */

/* Adds a contact's part to sum and shift. Reads w and the motions. */
void df_adjoint_contact(const df_tree* tree, df_adjoint* adjoint, const df_contact_record* contact);

/* ---- adjoint_parameters.c ---- */

/* the vectors of docs/adjoint.md, section 2, that the gradient by parameters reads */
typedef struct df_parameter_cotangent {
  const double *w, *g, *delta; /* [nv]; g and delta are NULL for RK4, which takes no damping implicitly */
} df_parameter_cotangent;

/* Adds to pbar [nparameter + df_parameter_work_size()], of which the last part is scratch memory. */
void df_adjoint_parameters(const df_mujoco* system, const df_step_record* record,
                           const df_parameter_cotangent* cotangent, double* pbar);

/* ---- adjoint_rk4.c ---- */

/* Size in doubles of `more` of the df_adjoint passed to df_rk4_adjoint(); 0 for other integrators. */
size_t df_rk4_adjoint_size(const df_mujoco* system);

/* df_adjoint_step() for a Runge-Kutta step, whose four records begin at `first` on the tape. */
void df_rk4_adjoint(const df_mujoco* system, const df_tape* tape, int first, df_adjoint* adjoint, const double* y,
                    double* xbar, double* ubar, double* pbar);

#endif
