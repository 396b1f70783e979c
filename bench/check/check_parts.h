/* check_parts.h: the checks of a recording that need no other reading of it. Each adds its findings. */
#ifndef BENCH_CHECK_CHECK_PARTS_H
#define BENCH_CHECK_CHECK_PARTS_H

#include "check_cfg.h"
#include "data_finding.h"
#include "trace.h"

/* An error (trace.h) that is smaller than this needs no other explanation; and by which factor another
 * explanation has to bring an error down to be believed. */
#define CHECK_ERROR_FREE 0.05
#define CHECK_EXPLAINS   0.6
/* Above this error, velocities do not follow from the positions. */
#define CHECK_ERROR_LIMIT 0.5
/* Up to this error, velocities are those of several physics steps per frame. */
#define CHECK_ERROR_DOUBT 0.25
/* Smaller errors need an explanation, too, if another one is exact: if it brings them down to this share. */
#define CHECK_ERROR_EXACT 1e-3
#define CHECK_EXACT       0.02
/* weights: a motion that needs more force than this on what no actuator drives is hardly one of the model, as that of a
 * body that hovers, which needs 1; and one that needs this much where nothing touches the model is none of any body */
#define CHECK_RESIDUAL      0.5
#define CHECK_RESIDUAL_MOST 10
/* weights: what contacts that slide fast push with at most, of right data; contacts that are deep push with any force
 */
#define CHECK_RESIDUAL_SLIDES 20
/* whether `other` explains what leaves the error `as_is` */
bool check_explains(double as_is, double other);

/* The power of ten, from 10 to 10^most, that a factor is, up to a factor of `about`: recorded positions are in another
 * unit; 0: none. */
double check_power_of_ten(double factor, double about, int most);

/* "the base" of the robot or, if it has none, "object crate", the first free body; for df_free() */
char* check_base_words(const df_system* system, const df_names* objects);

/* "FL_hip_joint", "base x", "joint 3" */
void check_dof_name(const trace* m, int dof, char name[80]);
/* "trunk", "body 3" */
void check_body_name(const df_system* system, int body, char name[64]);
/* "table_top", else that of its body, "table"; "a geom of the world" */
void check_geom_name(const df_system* system, int geom, char name[64]);

/* "episodes 3, 7-9 (4 of 16; clip03.npz, clip07.npz)": those of n for which chosen[e], of how many, and their files if
 * there are several; `of` 0: without the numbers; for df_free() */
char* check_named_episodes(const fit_source* source, int n, const bool* chosen, int of);
/* "episode 3 (clip03.npz)", the same of one of n; for df_free() */
char* check_one_episode(const fit_source* source, int n, int episode);

/* ---- check_velocity.c ---- */

/* velocities that are zero, of another scale or frame, or in another order than the positions; the frame rate, of all
 * and of single episodes */
DF_MUST_CHECK df_status check_velocities(const trace* m, data_findings* out);

/* Whether the velocities of some hinges and slides are those of other ones, or have the opposite sign of their changes:
 * forces, which need both, then tell nothing about positions. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status check_velocity_columns(const trace* m, bool* wrong);

/* ---- velocity_shift.c ---- */

/* By how many frames, up to 8, the velocities of a group are late (> 0) or early: those of so many frames later explain
 * the changes of its positions, to *error, as those of the same frame do not. 0: they are not, or it is not known. */
int check_velocity_shift(const trace* m, int group, double* error);

/* ---- velocity_spans.c ---- */

/* Velocities against the changes of positions over spans of up to 32 frames, which neither noise of the positions nor
 * what rocks within frames drowns: another scale, the opposite sign, or no relation; of hinges and slides joint by
 * joint, so that one that chatters hides no other. Groups with something wrong among the findings from `before` on are
 * left out. */
void check_velocity_spans(const trace* m, int before, data_findings* out);
/* whether the velocities of a group, or of all, are wrong by one of the findings [from, to) */
bool check_velocity_is_known(const trace* m, const data_findings* f, int from, int to, int group);
/* the factor by which the changes of all coordinates of a group differ from its velocities over such spans; NAN: it is
 * not known to be another one than 1 */
double check_span_factor(const trace* m, int group);
/* Whether a factor may be one of the velocities of a group. Contacts move objects, and change their velocities within
 * frames: of them only one that they have where they are steady, too (trace_steady_of()). */
bool check_scale_is_shown(const trace* m, int group, double factor);
/* whether each hinge and slide that moves has a servo that may settle within a frame so fast that positions change by
 * this factor more than the velocities at frames say */
bool check_servos_settle(const trace* m, double factor);

/* The relative error of the velocities of a group over the shortest spans, of *frames frames, over which changes and
 * velocities correlate by more than 0.9 and the error is at most `limit`: contacts, as of wheels that slide, change a
 * velocity from step to step within a frame, and what was recorded is that of one step. NAN: there are none, or frames
 * of one physics step, which leave nothing within a frame. */
double check_span_error(const trace* m, int group, double limit, int* frames);

/* ---- velocity_offset.c ---- */

/* Positions that rise or fall steadily against their velocities, coordinate by coordinate: by the same offset per
 * second in most episodes and in both halves of them, far more than noise, rounding, contacts within frames and the
 * choice of a right lag leave. Groups with something wrong among the findings from `before` on are left out. */
void check_velocity_offset(const trace* m, int before, data_findings* out);
/* the offset of dof i, m/s or rad/s, whether it is clear or not; 0 without an episode that is long enough */
double check_offset_of(const trace* m, int i);

/* ---- check_motion.c ---- */

/* Positions that are no motion: noise, frames that are out of order, arrays [frames][episodes][columns], whose frames
 * are read as episodes. */
DF_MUST_CHECK df_status check_motion(const trace* m, data_findings* out);

/* ---- check_frames.c ---- */

/* absurd numbers, jumps, duplicated frames, signs of quaternions, constant coordinates, joint limits */
void check_frames(const trace* m, data_findings* out);

/* ---- check_limits.c ---- */

/* joint limits alone, which check_frames() checks, too */
void check_joint_limits(const trace* m, data_findings* out);

/* share of the samples of limited joints that are beyond the range by more than 2 % of its width; 0 without any; and of
 * hinges alone */
double check_limit_share(const trace* m);
double check_limit_share_of_hinges(const trace* m);
/* the same of the joint that a dof is; NAN if it has no limits */
double check_limit_share_of(const trace* m, int dof);
/* whether the joint that a dof is is so far below (-1) or above (1) its range in the second frame of a pair; 0: neither
 */
int check_side_beyond_limit(const trace* m, size_t pair, int dof);

/* ---- check_conditions.c ---- */

/* Conditions that are velocity commands by their names (vx, vy, wz, yaw rate), against the mean velocity of the robot's
 * free base in its heading frame, of each episode or, of conditions per frame, over 50 frames: commands of another
 * episode, of the opposite sign or in another unit, and those that are not followed. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status check_conditions(const trace* m, data_findings* out);

/* ---- check_poses.c ---- */

/* How the poses of a recording and what cannot move, such as the floor, fit together. */
typedef struct pose_summary {
  int poses;            /* poses that were looked at */
  bool has_base;        /* the model has a free joint: pose_base() */
  bool has_ground;      /* the model can touch something that cannot move */
  bool falls;           /* nothing drives the base up or down: a free joint, or a vertical slide on the world, that no
                         * mocap body holds */
  bool flies;           /* actuators push the free base up, as those of a drone or a swimmer */
  double own_height;    /* of the base in the model's own first pose, m; 0 without one that falls */
  double size;          /* height of the highest moving body in that pose, m; 0: none is above 0 */
  double start;         /* distance of the base's tree in the model's own first pose, 0 if it touches, m */
  double lowest;        /* median distance of the robot (robot_base.h) from it, m; negative: inside */
  double lowest_of_all; /* the same of all that moves */
  double nearest;       /* smallest distance of the base's tree */
  double inside;        /* share of poses more than 2 cm inside, of a small model less: pose_length() */
  double deepest;       /* largest depth, m */
  double touching;      /* share of poses in which the base's tree, or without a base anything, touches it */
  double slip;        /* median speed at which points of the robot slide on it, m/s; NAN: none touches it where friction
                       * can hold a foot */
  double sinks;       /* m: how deep the weight of the robot presses the softest of these contacts at rest */
  double upright;     /* mean cosine of the angle between the vertical and what is vertical of the base in the model's
                       * own first pose */
  double base_height; /* median, m; 0 without a base that falls */
  double residual;    /* check_root_residual(); NAN: unknown */
  double residual_floor; /* check_residual_floor(); NAN: unknown */
  double put_down;       /* check_put_down_residual() with the nearest pose on what cannot move; NAN: unknown */
  double rise;           /* check_rise(); NAN: unknown */
  bool carried;          /* there contacts carry the weight */
  bool weightless;       /* the model has no gravity */
  char held_by[64];      /* the mocap body that holds what nothing drives, df_mujoco_mocap_holder(); "": none */
  char idle_tie[64];     /* a constraint of it that is not active, df_mujoco_idle_tie(); "": none */
} pose_summary;

/* the free joint of the robot's base or, if the robot has none, of the first free body; NULL: none */
const df_joint* pose_base(const trace* m);
/* the root of its kinematic tree; 0: no base */
int pose_root(const trace* m);
/* Looks at up to `poses_max` poses, evenly spread; the residuals are left NAN. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status pose_summary_of(const trace* m, size_t poses_max, pose_summary* out);
/* whether contacts are possible between what moves and what cannot */
bool pose_may_touch_ground(const df_system* system);
/* By how much the body of slide j rises as the slide grows, per m, in the model's own first pose: -1 to 1. `x` [nx] and
 * `position` [bodies][3] are scratch. */
double pose_rise_by(const df_system* system, df_sim* sim, int j, double* x, double* position);
/* a length, m, and a speed, m/s, of a model of 25 cm or more; less for a smaller one: lengths by its size, speeds by
 * the square root */
double pose_length(const pose_summary* p, double most);
double pose_speed(const pose_summary* p, double most);
/* how far from the floor, m, a pose may be that stands on it */
double pose_reach(const pose_summary* p);
/* whether all poses are further from the floor than this, and nothing says that they may be */
bool pose_floats(const pose_summary* p);
/* whether hardly any pose touches the floor, though they are near, the model falls and its motion needs a force */
bool pose_hovers(const pose_summary* p);
/* whether half of the poses are deep inside of the floor */
bool pose_is_sunk(const pose_summary* p);
/* floating, penetration and slip; `source` is that of the trace */
void check_poses(const pose_summary* p, const fit_source* source, data_findings* out);

/* ---- check_forces.c ---- */

/* The force on translations that no actuator drives, such as those of a base, that inverse dynamics finds between
 * successive frames (df_mujoco_inverse_quick()): the median over up to `poses_max` of them, in weights of what moves;
 * NAN without such translations or gravity. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status check_root_residual(const trace* m, size_t poses_max, double* median);
/* The floor of that residual, weights: what right data of this recording leave, whose frames are several physics steps
 * (0 for one). Contacts are stiff and act within a frame, so that neither the acceleration at a state nor the force of
 * its contacts is known. The larger one of two medians: how far the forces with the accelerations of the frames before
 * and after a state are apart, and the residual of the model's own motion, the second of two frames that it simulates
 * from a state with its actuators at rest. Errors as above. */
DF_MUST_CHECK df_status check_residual_floor(const trace* m, size_t poses_max, double* floor);

/* The root residual that would be left if every pose were lower by `down`, m, and a pose that is then within `reach`,
 * m, of what cannot move were carried by it: 0 there, else the force of check_root_residual(). A motion whose weight
 * nothing carries as it is recorded has a large residual, and a small one put down. Errors as above. */
DF_MUST_CHECK df_status check_put_down_residual(const trace* m, size_t poses_max, double down, double reach,
                                                double* median);

/* The height by which a free base has to be moved to be carried by what cannot move, p->rise, m: there the contacts
 * give the force up that the motion needs, neither more nor less, in the median over the poses, so that p->carried.
 * Where no height is found, the nearest pose or, of poses inside, half of them touch. Errors as above. */
DF_MUST_CHECK df_status check_rise(const trace* m, size_t poses_max, pose_summary* p);

/* The residual of each episode, median [episodes]; NAN for those that are not in the trace. Errors as above. */
DF_MUST_CHECK df_status check_episode_residuals(const trace* m, size_t poses_max, double* median);

/* adds the residual of a summary as a finding; what its floor leaves is no force that the motion needs */
void check_forces(const pose_summary* p, data_findings* out);

/* ---- check_support.c ---- */

/* Free bodies other than the robot's base: whether one needs a force, beyond half of its weight in the median over up
 * to `poses_max` frames, though hardly anything touches it. What may hold it is named: something less than 1 cm
 * away, or a constraint that is not active. Of bodies that a mocap body holds nothing is known; those that actuators
 * move or that weigh nothing are left out. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status check_support(const trace* m, size_t poses_max, data_findings* out);

/* ---- check_flight.c ---- */

/* weights that are wrong if a base in flight misses them; less, since it turns while an acceleration is measured */
#define CHECK_FLIGHT 2
/* Whether the acceleration of a free base that its actuators lift, and that hardly touches anything, is one that
 * gravity and they can give at the recorded states, with controls within their ranges; otherwise, whether it is one
 * with positions in cm or mm, or with another order of the quaternion. Nothing of models with activations or controls
 * without limits. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status check_flight(const trace* m, const pose_summary* p, data_findings* out);

/* ---- check_episodes.c ---- */

/* Checks velocities, limits, poses and forces of every episode of the trace that is long enough, by itself: what is
 * wrong in some episodes, and clearly less so in most others, is a mixture, which medians and fits over all may hide;
 * and so are actions that lead to the next states in some episodes only. What is about as wrong in the others, though
 * it is clear in some only, is a finding of that check, with the number of all. By check and column, in any order of
 * the episodes. `out` has the findings of all together. Errors: those of check_velocities() and pose_summary_of(). */
DF_MUST_CHECK df_status check_episodes(const trace* m, const check_cfg* cfg, data_findings* out);

#endif
