#include "twin_geoms.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* of an offset or a range: limbs that are mirrored in a model file agree to the digits that its author wrote */
static const double SAME = 0.01;

static bool is_near(double a, double b) {
  return a == b || fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

/* the next part of a name between separators; *n = its length, 0 at the end */
static const char* next_part(const char* at, size_t* n) {
  at += strspn(at, "_-./: ");
  *n = strcspn(at, "_-./: ");
  return at;
}

static bool is_side(const char* part, size_t n) {
  static const char* const sides[] = {"l",  "r",    "fl",    "fr",    "rl",   "rr",   "bl",   "br",   "hl",  "hr",
                                      "lf", "rf",   "lh",    "rh",    "lb",   "rb",   "lm",   "rm",   "ml",  "mr",
                                      "lr", "left", "right", "front", "back", "rear", "hind", "fore", "mid", "middle"};
  bool side = strspn(part, "0123456789") >= n; /* leg_1, leg_2 */
  for (size_t i = 0; i < sizeof sides / sizeof *sides && !side; i++)
    side = strlen(sides[i]) == n && strncasecmp(sides[i], part, n) == 0;
  return side;
}

/* the next part of a name that is no side */
static const char* next_word(const char* at, size_t* n) {
  at = next_part(at, n);
  while (*n && is_side(at, *n)) at = next_part(at + *n, n);
  return at;
}

/* whether two names are the same but for the side */
static bool are_named_alike(const char* a, const char* b) {
  size_t n, other;
  a = next_word(a, &n);
  b = next_word(b, &other);
  bool same = n > 0;
  while (same && (n || other)) {
    same = n == other && strncasecmp(a, b, n) == 0;
    a = next_word(a + n, &n);
    b = next_word(b + other, &other);
  }
  return same;
}

static bool has_same_range(const df_joint* a, const df_joint* b) {
  return (is_near(a->lo, b->lo) && is_near(a->hi, b->hi)) || (is_near(a->lo, -b->hi) && is_near(a->hi, -b->lo));
}

bool twin_joint_moves(const df_system* system, int joint, int body) {
  while (body > 0 && body != df_mujoco_joint_body(system, joint)) body = df_mujoco_body_parent(system, body);
  return body > 0;
}

/* the first joint from j on that moves the body; the number of joints: none */
static int next_joint(const df_system* system, int joints, int body, int j) {
  while (j < joints && !twin_joint_moves(system, j, body)) j++;
  return j;
}

/* whether two bodies hang on joints of the same kinds, and of the same ranges or names, of which some differ */
static bool hang_alike(const df_system* system, int one, int other) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool ranges = true, limited = false, names = true, differ = false;
  int i = next_joint(system, n, one, 0), k = next_joint(system, n, other, 0);
  while (i < n && k < n) {
    const df_joint *a = &joints[i], *b = &joints[k];
    if (a->kind != b->kind) return false;
    if (i != k) {
      differ = true;
      ranges &= has_same_range(a, b);
      limited |= isfinite(a->width);
      names &= are_named_alike(a->name, b->name);
    }
    i = next_joint(system, n, one, i + 1);
    k = next_joint(system, n, other, k + 1);
  }
  return i == n && k == n && differ && ((ranges && limited) || names);
}

/* the number of a geom among those of its body, and how many these are */
static void place_of(const df_system* system, int geom, int* number, int* count) {
  *number = *count = 0;
  for (int g = 0; g < df_mujoco_geom_count(system); g++) {
    if (df_mujoco_geom_body(system, g) != df_mujoco_geom_body(system, geom)) continue;
    *number += g < geom;
    ++*count;
  }
}

/* the distance of a geom from the origin of its body, which no pose changes */
static double offset_of(const df_system* system, const df_sim* sim, const double* position, int geom) {
  const double* origin = position + 3 * df_mujoco_geom_body(system, geom);
  double at[3];
  df_mujoco_geom_position(sim, geom, at);
  return sqrt((at[0] - origin[0]) * (at[0] - origin[0]) + (at[1] - origin[1]) * (at[1] - origin[1]) +
              (at[2] - origin[2]) * (at[2] - origin[2]));
}

bool twin_geoms(const df_system* system, const df_sim* sim, const double* position, int a, int b) {
  int number[2], count[2];
  place_of(system, a, &number[0], &count[0]);
  place_of(system, b, &number[1], &count[1]);
  return number[0] == number[1] && count[0] == count[1] &&
         hang_alike(system, df_mujoco_geom_body(system, a), df_mujoco_geom_body(system, b)) &&
         is_near(offset_of(system, sim, position, a), offset_of(system, sim, position, b));
}
