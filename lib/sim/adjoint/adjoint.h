/* adjoint.h: the scratch memory of the adjoint of a physics step, and the functions that compute its parts. Symbols are
 * those of docs/adjoint.md, section 12. No function here fails or allocates memory. */
#ifndef LIB_SIM_ADJOINT_ADJOINT_H
#define LIB_SIM_ADJOINT_ADJOINT_H

#include "lanes.h"
#include "model.h"
#include "tape.h"

typedef double df_spatial[6];

/* The motions of a node and the forces on it, one per lane (docs/adjoint.md, section 3).
 *   motions: a (with gravity and velocity products), w, v, and a0, the acceleration without these
 *   forces:  F, P, Y_a, and Q + Y_v */
typedef df_lanes df_lanes_spatial[6];
enum { LANE_A, LANE_W, LANE_V, LANE_A0 };
enum { LANE_F, LANE_P, LANE_YA, LANE_Q };

typedef enum df_node_state {
  NODE_ALONE,
  NODE_SHIFTED, /* its shift is valid: something acts on this node or on a node behind it */
  NODE_TOUCHED  /* mw, mv, ma, force, inertia, gyro and by_v are valid too */
} df_node_state;

/* Scratch memory of one adjoint step. All pointers lead into one allocation of df_adjoint_work_size() doubles, which
 * the simulator owns; df_adjoint_prepare() sets them. */
typedef struct df_adjoint {
  double* hessian; /* H, or M, factorized: a matrix of tree.h, [nv][df_stride(nv)] */
  double* inverse; /* [nv] 1/D of the factorized hessian */
  bool factored;   /* hessian and inverse are those of the present step, from another cotangent of its end */
  /* those of all stages of a Runge-Kutta step, of which `hessian` and `inverse` are one; of other steps just one */
  double *hessians, *inverses; /* [stages][nv][df_stride(nv)], [stages][nv] */
  /* [nv] */
  double *w, *g, *delta; /* as in section 2 */
  double *lam, *qbar;    /* cotangents of the next velocity and of the position */
  double* reached;       /* a_h = (v' - v)/h */
  /* [na] cotangents of act and of act_dot */
  double *abar, *rate;
  df_lanes_spatial* motion; /* [nnode] motions of the nodes */
  df_lanes_spatial* sum;    /* [nnode] forces on the nodes, later summed over subtrees */
  df_spatial* carried;      /* [nv] S_k x v_p, v_p the velocity of the parent of the dof's node */
  df_node_state* state;     /* [nnode] */
  df_spatial* shift;        /* [nnode] Z: derivative by a displacement of the body; not of NODE_ALONE or the world */
  /* [nnode], valid if NODE_TOUCHED: the motions w, v, a, and what is added to F, P, Q, Y_v */
  df_spatial *mw, *mv, *ma, *force, *inertia, *gyro, *by_v;
  double* more; /* [df_rk4_adjoint_size()] scratch memory of df_rk4_adjoint() */
} df_adjoint;

/* ---- adjoint_dynamics.c ---- */

/* a->w = H^-1 a->w. Sets a->hessian and a->inverse unless a->factored. */
void df_adjoint_solve(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);

/* The adjoint of the map from (q, v, act, u) to (qacc, act_dot). On entry a->w is H^-1 times the cotangent of qacc and
 * a->rate the cotangent of act_dot. Adds to a->qbar [nv], a->abar [na], vbar [nv] and ubar [nu]. `acceleration` [nv] is
 * qacc, or the acceleration that replaces qacc in M(q) qacc (section 2: a_h where no constraint acts). */
void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* record, const double* acceleration,
                         df_adjoint* adjoint, double* vbar, double* ubar);

/* out = M as a matrix of tree.h with the given pattern */
void df_adjoint_load_mass(const mjModel* m, const df_step_record* record, const df_pattern* pattern, double* out);

/* ---- adjoint_sweep.c ---- */

/* Sets the motions of all nodes from a->w, the recorded velocity and `acceleration` [nv], and all nodes but the world
 * to NODE_ALONE. */
void df_adjoint_sweep_motions(const df_mujoco* system, const df_step_record* record, const double* acceleration,
                              df_adjoint* adjoint);
/* Sets a->sum to the inertial forces of the bodies on their nodes. Reads the motions. */
void df_adjoint_node_forces(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);
/* Makes the shift of a node and of its ancestors valid (zero), so that it can be added to. */
void df_adjoint_shift(const df_tree* tree, df_adjoint* adjoint, int node);
/* Does the same, and makes mw .. by_v of the node valid. */
void df_adjoint_touch(const df_tree* tree, df_adjoint* adjoint, int node);
/* Subtracts from a->qbar and vbar [nv] the derivatives of w . r by position and velocity that come from the forces on
 * the nodes, and from the springs and dampers of single dofs. Sums a->sum and a->shift over subtrees in place. */
void df_adjoint_sweep_forces(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);
/* a->qbar += d/dq of g^T M(q) delta. Overwrites the motions and the forces. */
void df_adjoint_sweep_implicit(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);

/* ---- adjoint_actuator.c ---- */

/* Adds to ubar [nu] and a->abar the contributions of w and a->rate through the inputs of the actuators. Must be the
 * last to change or read a->rate. */
void df_adjoint_inputs(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* ubar);

/* Adds to vbar [nv], ubar [nu], a->abar and a->rate the contributions of implicit damping that depends on the state.
 * Reads g. */
void df_adjoint_implicit_damping(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint,
                                 double* vbar, double* ubar);

/* out += scale times the blocks of ball and free joints (joint_force.h); `out` is a matrix of tree.h */
void df_adjoint_add_blocks(const df_mujoco* system, const df_pattern* pattern, const double* blocks, double scale,
                           double* out);

/* Subtracts from a->qbar and vbar [nv] the derivatives of w . r that come from the forces of ball and free joints. */
void df_adjoint_blocks(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_rows.c ---- */

/* hessian += J^T D J of rows along several dofs and of weld and connect equalities */
void df_adjoint_add_rows(const df_step_record* record, const df_pattern* pattern, double* hessian);
/* Subtracts from a->qbar and vbar [nv] the derivatives of w . r that come from rows along several dofs. Reads w. */
void df_adjoint_rows(const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_equality.c ---- */

/* Adds the contributions of weld and connect equalities to the forces on the nodes. Reads w and the motions. */
void df_adjoint_welds(const df_tree* tree, df_adjoint* adjoint, const df_step_record* record);

/* ---- adjoint_free.c ---- */

/* Solves for the entries in a->g of free bodies that carry no joint, whose implicit damping is not symmetric. */
void df_adjoint_solve_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);
/* Subtracts from a->qbar and vbar [nv] the derivatives of g . B (v' - v) for the implicit damping of these bodies. */
void df_adjoint_turn_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_contact.c ---- */

/* Adds the contributions of one contact to a->sum and a->shift. Reads w and the motions. */
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
