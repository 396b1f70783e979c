/* two_feet.h: MJCF models for tests: a trunk on a free joint with two sliding feet, and a planar rod.
 *
 * two_feet: x = [p 3, q 4, left, right | v 3, w 3, left, right]; a foot's sole is 0.35 m below the trunk's centre, less
 * its slide. The actions are the slides' target positions. */
#ifndef TESTS_METRICS_TWO_FEET_H
#define TESTS_METRICS_TWO_FEET_H

static const char TWO_FEET[] =
    "<mujoco><option timestep='0.005'/><worldbody>"
    "<geom name='floor' type='plane' size='5 5 .1'/>"
    "<body name='trunk' pos='0 0 .6'><freejoint name='root'/><geom name='trunk' type='sphere' size='.1' mass='5'/>"
    "<body name='left' pos='0 .2 0'><joint name='left' type='slide' axis='0 0 1' damping='2'/>"
    "<geom name='left_foot' type='sphere' size='.05' pos='0 0 -.3' mass='.5'/></body>"
    "<body name='right' pos='0 -.2 0'><joint name='right' type='slide' axis='0 0 1' damping='2'/>"
    "<geom name='right_foot' type='sphere' size='.05' pos='0 0 -.3' mass='.5'/></body>"
    "</body></worldbody><actuator>"
    "<position joint='left' kp='300' ctrlrange='-.2 .2'/><position joint='right' kp='300' ctrlrange='-.2 .2'/>"
    "</actuator></mujoco>";
enum { TWO_FEET_NX = 17, TWO_FEET_NZ = 16, TWO_FEET_NQ = 9 };

/* x = [forward, height, lean | their rates] */
static const char PLANAR[] =
    "<mujoco><worldbody><body name='rod' pos='0 0 1'>"
    "<joint name='forward' type='slide' axis='1 0 0'/><joint name='height' type='slide' axis='0 0 1'/>"
    "<joint name='lean' type='hinge' axis='0 1 0'/><geom type='capsule' size='.05 .2' mass='1'/>"
    "</body></worldbody><actuator><motor joint='lean' ctrlrange='-1 1'/></actuator></mujoco>";

#endif
