/* stage.h: a model that is drawn by MuJoCo's renderer, with the shapes that are only to be looked at.
 *
 * Only kinematics are computed, so that nothing here can differ from the simulation. A model without a sky gets a plain
 * one, planes without a material a checker. If meshes that are only drawn are missing, or if nothing of the robot is in
 * the geom groups 0 to 2, the shapes of collisions (groups 3 to 5) are drawn, too. */
#ifndef BENCH_RENDER_STAGE_H
#define BENCH_RENDER_STAGE_H

#include "dynaflow/core/status.h"
#include "image.h"

typedef struct stage stage;

typedef struct stage_cfg {
  const char* model; /* file */
  int nq, nv;        /* of the task's system: the model must have as many */
  int root;          /* body that the camera follows */
  int width, height; /* of the largest picture */
} stage_cfg;

/* where a picture is taken from; angles in degrees, as mjvCamera has them */
typedef struct camera {
  double lookat[3], distance, azimuth, elevation;
} camera;

/* Needs a current OpenGL context. DF_E_FORMAT with MuJoCo's message for a model that cannot be read, DF_E_MISMATCH for
 * one of other sizes, DF_E_NOMEM. On failure *out is NULL. */
DF_MUST_CHECK df_status stage_new(const stage_cfg* cfg, stage** out);
void stage_free(stage* s); /* NULL is allowed */

/* Position and heading [rad] of the root body in state x; the heading is that of its x axis in the horizontal plane if
 * the body has a free joint, else 0. */
void stage_root(stage* s, const double* x, double position[3], double* heading);

/* How far the middle of the robot's height is above the root body in state x, m. The robot is the drawn geoms of the
 * root body's tree, by their bounding spheres. */
double stage_middle(stage* s, const double* x);

/* The smallest distance, m, at which the camera sees the whole robot in state x, in a picture that is `aspect` times as
 * wide as high. With the horizontal and vertical half angles of view h, a sphere of radius r at (right, up, ahead) of
 * the point that is looked at needs the distance (|right| + r / cos h) / tan h - ahead, and likewise with up. */
double stage_distance(stage* s, const double* x, const camera* from, double aspect);

/* Draws state x, and transparently the state `ghost` (or NULL), into a part of an image. DF_E_SIM if the scene has more
 * geoms than MuJoCo can draw. */
DF_MUST_CHECK df_status stage_draw(stage* s, const double* x, const double* ghost, const camera* from, image* to,
                                   box part);

/* The same into the window of the context, `width` x `height` pixels, above the picture `below`, which is as wide as
 * the window and less high. */
DF_MUST_CHECK df_status stage_show(stage* s, const double* x, const double* ghost, const camera* from, int width,
                                   int height, const image* below);

/* Lines of ASCII text at the top left of a window that was drawn. */
void stage_show_text(stage* s, const char* lines, int width, int height);

/* Text of one line in ASCII (other characters become '?'), at most `width` pixels wide, else cut with "...".
 * stage_text() returns the width of what it drew. */
int stage_text(stage* s, const char* words, colour c, image* to, int left, int top, int width);
int stage_text_width(const stage* s, const char* words);
int stage_text_height(const stage* s);

#endif
