#include <math.h>

#include "check_parts.h"
#include "joints.h"

/* of the width of a range, and of the frames: contacts of limits are soft */
static const double SLACK = 0.02, LIMIT_SHARE = 0.05;
/* A joint is far beyond its range if it often is by so much of its width, or nearly always by less: no motion of the
 * model keeps a joint outside of its range. */
static const double OFTEN = 0.25, BY_MUCH = 0.25, ALWAYS = 0.9, BY_SOME = 0.15;

typedef struct beyond {
  size_t n;
  double worst;     /* largest excess, of the width */
  size_t n_degrees; /* beyond the range as degrees, if its numbers are radians */
} beyond;

/* how far q is beyond a range, of its width */
static double excess_of(const df_joint* joint, double q) {
  return fmax(joint->lo - q, q - joint->hi) / joint->width;
}

static beyond beyond_range(const trace* m, const df_joint* joint) {
  beyond b = {0};
  for (size_t k = 0; k < m->n; k++) {
    const double q = df_dataset_state(m->data, m->episode[k], m->frame[k])[joint->qpos];
    const double excess = excess_of(joint, q);
    b.n += excess > SLACK;
    b.n_degrees += excess_of(joint, JOINTS_DEGREE * q) > SLACK;
    b.worst = fmax(b.worst, excess);
  }
  return b;
}

/* that a hinge is so far beyond its range as only another unit leads, and within the one that has radians where this
 * one has degrees */
static const char* slip_of_degrees(const df_joint* joint, const beyond* b, bool far) {
  static const double WIDTHS = 2;
  return far && joint->kind == DF_JOINT_HINGE && b->n_degrees == 0 && b->worst > WIDTHS
             ? "; all are within 57.3 times this range: the model's file may have radians where its compiler reads "
               "degrees (angle=\"radian\"), or the recorded positions are in degrees"
             : "";
}

/* how many samples are beyond the range of the joint */
static size_t count_beyond(const trace* m, const df_joint* joint) {
  size_t n = 0;
  for (size_t k = 0; k < m->n; k++)
    n += excess_of(joint, df_dataset_state(m->data, m->episode[k], m->frame[k])[joint->qpos]) > SLACK;
  return n;
}

static double share_of(const trace* m, bool hinges) {
  size_t n = 0, all = 0;
  for (int j = 0; j < m->njoint; j++) {
    if (!isfinite(m->joints[j].width) || (hinges && m->joints[j].kind != DF_JOINT_HINGE)) continue;
    n += count_beyond(m, &m->joints[j]);
    all += m->n;
  }
  return all ? (double)n / (double)all : 0;
}

double check_limit_share(const trace* m) {
  return share_of(m, false);
}

double check_limit_share_of_hinges(const trace* m) {
  return share_of(m, true);
}

int check_side_beyond_limit(const trace* m, size_t pair, int dof) {
  const double* next = df_dataset_state(m->data, m->episode[pair], m->frame[pair] + 1);
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const double q = next[joint->qpos];
    if (joint->dof == dof && isfinite(joint->width)) return excess_of(joint, q) > SLACK ? q < joint->lo ? -1 : 1 : 0;
  }
  return 0;
}

double check_limit_share_of(const trace* m, int dof) {
  for (int j = 0; j < m->njoint; j++) {
    if (m->joints[j].dof == dof && isfinite(m->joints[j].width) && m->n > 0)
      return (double)count_beyond(m, &m->joints[j]) / (double)m->n;
  }
  return NAN;
}

void check_joint_limits(const trace* m, data_findings* out) {
  int limited = 0, found = 0;
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    if (!isfinite(joint->width) || m->n == 0) continue;
    limited++;
    const beyond b = beyond_range(m, joint);
    const double share = (double)b.n / (double)m->n;
    if (share <= LIMIT_SHARE) continue;
    found++;
    char name[80];
    check_dof_name(m, joint->dof, name);
    data_finding* one = data_findings_add(out, DATA_CHECK_JOINT_LIMIT, name, share, LIMIT_SHARE, "share");
    const bool far = (share > OFTEN && b.worst > BY_MUCH) || (share > ALWAYS && b.worst > BY_SOME);
    data_finding_judge(one, far ? CHECK_WRONG : CHECK_WARN,
                       "%.3g %% of the frames are beyond the range [%.4g, %.4g], by up to %.3g of its width%s",
                       100 * share, joint->lo, joint->hi, b.worst, slip_of_degrees(joint, &b, far));
  }
  if (limited && !found)
    data_findings_add(out, DATA_CHECK_JOINT_LIMIT, NULL, check_limit_share(m), LIMIT_SHARE, "share");
}
