#include "gl_context.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <stdbool.h>
#include <stddef.h>

static EGLDisplay display = EGL_NO_DISPLAY;
static EGLContext context = EGL_NO_CONTEXT;

static bool make_current(EGLDisplay d) {
  static const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config;
  EGLint n = 0;
  if (d == EGL_NO_DISPLAY || !eglInitialize(d, NULL, NULL)) return false;
  if (eglBindAPI(EGL_OPENGL_API) && eglChooseConfig(d, wanted, &config, 1, &n) && n > 0) {
    context = eglCreateContext(d, config, EGL_NO_CONTEXT, NULL);
    if (context != EGL_NO_CONTEXT && eglMakeCurrent(d, EGL_NO_SURFACE, EGL_NO_SURFACE, context)) {
      display = d;
      return true;
    }
    if (context != EGL_NO_CONTEXT) eglDestroyContext(d, context);
    context = EGL_NO_CONTEXT;
  }
  eglTerminate(d);
  return false;
}

/* the graphics cards, also those of drivers other than Mesa's */
static bool open_device(void) {
  enum { DEVICES_MAX = 64 };
  EGLDeviceEXT devices[DEVICES_MAX];
  EGLint n = 0;
  const PFNEGLQUERYDEVICESEXTPROC query = (PFNEGLQUERYDEVICESEXTPROC)eglGetProcAddress("eglQueryDevicesEXT");
  if (!query || !query(DEVICES_MAX, devices, &n)) return false;
  for (EGLint i = 0; i < n; i++) {
    if (make_current(eglGetPlatformDisplay(EGL_PLATFORM_DEVICE_EXT, devices[i], NULL))) return true;
  }
  return false;
}

df_status gl_context_open(void) {
  if (make_current(eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL)) || open_device() ||
      make_current(eglGetDisplay(EGL_DEFAULT_DISPLAY))) {
    return DF_OK;
  }
  return df_fail(DF_E_MISSING,
                 "EGL gives no OpenGL context: install a driver; Mesa's software renderer (Debian: libegl-mesa0 and "
                 "libgl1-mesa-dri) needs no graphics card");
}

void gl_context_close(void) {
  if (display == EGL_NO_DISPLAY) return;
  eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  eglDestroyContext(display, context);
  eglTerminate(display);
  display = EGL_NO_DISPLAY;
  context = EGL_NO_CONTEXT;
}
